#!/bin/sh
# libhdf5 and libhdf5_hl, parallel: h5py.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack hdf5
# Its own description of the build has the time and the machine in it.  Of the
# drivers, the one for object stores would pull in curl.  h5py's import looks into
# the folder for plugins, which are Debian's: on the node.
LD_LIBRARY_PATH=/opt/mpich/lib ./configure --prefix="$DEPS" CC="$DEPS/bin/mpicc" \
    --enable-parallel --enable-build-mode=production --disable-shared \
    --disable-embedded-libinfo --enable-hl --with-zlib --without-szlib \
    --disable-tests --disable-tools --disable-cxx --disable-fortran \
    --disable-ros3-vfd --disable-mirror-vfd \
    --with-default-plugindir="/usr/lib/$MULTIARCH/hdf5/plugins"
make -j "$JOBS"
make install DESTDIR="$OUT"
keep COPYING
