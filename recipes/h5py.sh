#!/bin/sh
# h5py from its sdist, with MPI, its modules as objects for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir h5py
tar -xf "$MATERIALS"/h5py.tar.* -C h5py --strip-components=1 --no-same-owner
apply_patches h5py

# Compiling it takes only mpi4py's declarations.
mkdir mpi4py
tar -xf "$MATERIALS"/mpi4py.tar.* -C mpi4py --strip-components=1 --no-same-owner
export PYTHONPATH="$PWD/mpi4py/src"

# Its set-up opens libhdf5.so to ask for its version and options.  What is linked in here
# is no shared object: the set-up gets an empty one, libdl of the C library that this
# machine's programs have, and all answers beforehand.
mkdir asked
own=$(ldd /bin/sh | sed -n 's#.* \(/[^ ]*\)/libc\.so\.6 .*#\1#p')
cp "$own/libdl.so.2" asked/libhdf5.so
HDF5_VERSION=$(sed -n 's/^#define H5_VERS_STR "\(.*\)".*/\1/p' /opt/deps/include/H5public.h)
export HDF5_VERSION HDF5_MPI=ON H5PY_ROS3=0 H5PY_DIRECT_VFD=0
export HDF5_LIBDIR="$PWD/asked" HDF5_INCLUDEDIR=/opt/deps/include
export CFLAGS="$PORTABLE $HARDENED"
link_install h5py
# The libraries that HDF5's archive needs and does not name.
printf '%s\n' -lsz -laec >>"$OUT/opt/link/$PART/libraries"

site=$(echo "$OUT$PREFIX"/lib/python3.*/site-packages)
drop_tests "$site"
