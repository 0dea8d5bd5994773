#!/bin/sh
# PySpark with Spark's own files, from its sdist, as pip lays them out; without the files
# for Kubernetes, YARN, Hive and Spark Connect, and other systems' libraries. And what the
# workloads have for it.
# shellcheck source=recipes/packages.sh
. "$CONTEXT/recipes/packages.sh"

install_wheels
cp -R "$MATERIALS/src/workloads_spark" "$site/"
chmod -R u+w,a+rX "$site/workloads_spark"
unpack pyspark
package=$site/pyspark
find pyspark deps/bin -name '*.cmd' -delete
cp -R pyspark "$package"
drop_tests "$package"
mkdir "$package/bin" "$package/jars"
cp -R LICENSE NOTICE deps/licenses "$package/"
for program in find-spark-home load-spark-env.sh pyspark spark-class spark-submit; do
    install -m 755 -t "$package/bin" "deps/bin/$program"
done
# As pip does: the programs on PATH find the rest by find_spark_home.py.
for program in find-spark-home pyspark spark-submit; do
    install -D -m 755 -t "$OUT$PREFIX/bin" "deps/bin/$program"
done
install -m 755 -t "$OUT$PREFIX/bin" pyspark/find_spark_home.py

for jar in deps/jars/*.jar; do
    case ${jar##*/} in
        datanucleus-* | derby* | hive-* | kubernetes-* | rocksdbjni-* | vertx-* | volcano-*) ;;
        spark-connect_* | spark-hive* | spark-kubernetes_* | spark-pipelines_* | spark-yarn_*) ;;
        *-aarch_64.jar | *-osx-* | *-riscv64.jar | *-windows-*) ;;
        *) install -m 644 -t "$package/jars" "$jar" ;;
    esac
done

# The metadata that pip would write. A bake takes what a RECORD names, and imports find
# nothing else in site-packages then: so pyspark's names workloads_spark, too.
info=$site/pyspark-$(sed -n 's/^Version: //p' PKG-INFO).dist-info
mkdir "$info"
cp PKG-INFO "$info/METADATA"
install -D -m 644 -t "$info/licenses" LICENSE NOTICE
echo pip >"$info/INSTALLER"
touch "$info/RECORD" # which lists itself
record=$(
    cd "$site"
    find pyspark workloads_spark "${info##*/}" -type f -printf '%p,,\n'
    cd "$OUT$PREFIX/bin"
    find . -type f -printf '../../../bin/%P,,\n'
)
echo "$record" | sort >"$info/RECORD"
