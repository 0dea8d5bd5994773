#!/bin/sh
# libhdf5 and libhdf5_hl, parallel, Debian's archives: for h5py.  MPI's functions come
# from the interpreter's stubs for MPICH's ABI, with which Debian compiles.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/archives.sh
. "$MATERIALS/recipes/link/archives.sh"

take_archives . libsz.a libaec.a
take_archives hdf5/mpich libhdf5.a libhdf5_hl.a
cp -R root/usr/include/hdf5/mpich/. "$OUT$DEPS/include/"

# The driver for object stores would pull in curl.  Without it HDF5 has this answer,
# H5I_INVALID_HID, for "there is none".
echo 'long H5FD_ros3_init(void) { return -1; }' >no_ros3.c
gcc -O2 -fno-pie -c no_ros3.c
ar d "$OUT$DEPS/lib/libhdf5.a" H5FDros3.o H5FDs3comms.o
ar r "$OUT$DEPS/lib/libhdf5.a" no_ros3.o
