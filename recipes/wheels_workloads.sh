#!/bin/sh
# The workloads, with the kernels that Cython and f2py compile, the commands for jobs,
# and what the image's Python does at its start.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

"$PREFIX/bin/python3" -m venv --system-site-packages tools
tools/bin/pip --disable-pip-version-check install --no-index --no-deps --quiet \
    "$MATERIALS"/*.whl

site=$OUT$("$PREFIX/bin/python3" -c 'import site; print(site.getsitepackages()[0])')
mkdir -p "$site"
for package in hpcpy_common hpcpy_job workloads; do
    cp -a "$MATERIALS/src/$package" "$site/"
done
cp -a "$MATERIALS"/src/interp/*/*.py "$MATERIALS"/recipes/wheels/*.py "$site/"
chmod -R u+w,a+rX "$site"
PYTHON=$PWD/tools/bin/python3 CFLAGS="$PORTABLE $HARDENED" FFLAGS="$PORTABLE" \
    sh "$CONTEXT/recipes/kernels.sh" "$site/workloads"
compile_all "$site"
