#!/bin/sh
# libhdf5 and libhdf5_hl, parallel, Debian's archives: h5py.  MPI's functions come
# from the interpreter's stubs, whose library has the binary interface of the MPICH
# that Debian compiles with.  The driver for object stores wants curl; h5py is
# built without it, so the linker takes neither.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/archives.sh
. "$MATERIALS/recipes/link/archives.sh"

take_archives . libsz.a libaec.a
take_archives hdf5/mpich libhdf5.a libhdf5_hl.a
cp -R root/usr/include/hdf5/mpich/. "$OUT$DEPS/include/"
