#!/bin/sh
# zlib: the modules zlib, gzip and zipfile, and HDF5's deflate filter.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack zlib
./configure --static --prefix="$DEPS"
make -j "$JOBS" libz.a
make install DESTDIR="$OUT"
keep LICENSE
