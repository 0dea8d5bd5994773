#!/bin/sh
# libsqlite3: the module sqlite3, with the extensions that distributions have.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack sqlite
# JSON and the mathematical functions are there unless taken out.
CFLAGS="$CFLAGS -DSQLITE_ENABLE_FTS3_PARENTHESIS -DSQLITE_ENABLE_UNLOCK_NOTIFY"
./configure --prefix="$DEPS" --disable-shared --disable-tcl --disable-readline \
    --all --fts3 --column-metadata
make -j "$JOBS" libsqlite3.a
install -D -m 644 libsqlite3.a "$OUT$DEPS/lib/libsqlite3.a"
install -D -m 644 -t "$OUT$DEPS/include" sqlite3.h src/sqlite3ext.h
install -D -m 644 sqlite3.pc "$OUT$DEPS/lib/pkgconfig/sqlite3.pc"
keep LICENSE.md
