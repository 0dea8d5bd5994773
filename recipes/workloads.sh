#!/bin/sh
# The workloads, their C, Cython and Fortran kernels as objects for the
# interpreter, and the commands for jobs.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
site=$OUT$("$PREFIX/bin/python3" -c 'import site; print(site.getsitepackages()[0])')
mkdir -p "$site"
for package in hpcpy_common hpcpy_job workloads; do
    cp -a "$MATERIALS/src/$package" "$site/"
done
chmod -R u+w,a+rX "$site"
# TMPDIR: kernels.sh works below this folder, as only an archive of the package's own build
# becomes part of a module.
TMPDIR=$PWD PYTHON=$PWD/tools/bin/python3 CFLAGS="$PORTABLE $HARDENED" FFLAGS="$PORTABLE" \
    sh "$CONTEXT/recipes/kernels.sh" "$site/workloads"
link_collect
