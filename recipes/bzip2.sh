#!/bin/sh
# libbz2: the module bz2.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack bzip2
make -j "$JOBS" libbz2.a CFLAGS="$CFLAGS -D_FILE_OFFSET_BITS=64"
install -D -m 644 libbz2.a "$OUT$DEPS/lib/libbz2.a"
install -D -m 644 bzlib.h "$OUT$DEPS/include/bzlib.h"
keep LICENSE
