#!/bin/sh
# libzstd: the module compression.zstd.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack zstd
# The static library is single-threaded unless told; the module's nb_workers
# would be refused.
make -C lib -j "$JOBS" libzstd.a CPPFLAGS="$CPPFLAGS -DZSTD_MULTITHREAD"
make -C lib install-static install-includes install-pc PREFIX="$DEPS" DESTDIR="$OUT" \
    CPPFLAGS="$CPPFLAGS -DZSTD_MULTITHREAD"
keep LICENSE
