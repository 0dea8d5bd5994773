#!/bin/sh
# libopenblas with LAPACK, Debian's archive: numpy's linear algebra, with kernels
# for each family of processors, chosen at run time.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/archives.sh
. "$MATERIALS/recipes/link/archives.sh"

folder=openblas-pthread
take_archives "$folder" libopenblas.a
cp -R "root/usr/include/$MULTIARCH/$folder/." "$OUT$DEPS/include/"
mkdir "$OUT$DEPS/lib/pkgconfig"
# numpy's build finds it by this file.
sed -e "s#^libdir=.*#libdir=$DEPS/lib#" -e "s#^includedir=.*#includedir=$DEPS/include#" \
    "root/usr/lib/$MULTIARCH/$folder/pkgconfig/openblas.pc" \
    >"$OUT$DEPS/lib/pkgconfig/openblas.pc"
