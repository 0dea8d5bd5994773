#!/bin/sh
# libffi: ctypes.  Debian's archive is configured without static trampolines: memory
# for callbacks would be writable and executable at once, which hardened systems
# refuse.  Compiling it takes ten seconds.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

DEPS=/opt/deps
unpack libffi
patch -p1 <"$MATERIALS/recipes/patches/libffi-own-file.patch"
# A macro of libltdl, which asks what has been so on Linux since ELF.
echo 'AC_DEFUN([LT_SYS_SYMBOL_USCORE], [sys_symbol_underscore=no])' >m4/uscore.m4
autoreconf --install
# For one executable at a fixed address alone.  -fno-pie has to be said, Debian's gcc
# makes code that can be loaded anywhere.
./configure --prefix="$DEPS" --disable-shared --disable-docs \
    --disable-multi-os-directory --with-pic=no CFLAGS="$PORTABLE $HARDENED -fno-pie" LDFLAGS=-no-pie
make -j "$JOBS"
make install DESTDIR="$OUT"
rm -r "$OUT$DEPS/share" "$OUT$DEPS"/lib/*.la
install -D -m 644 LICENSE "$OUT$DEPS/share/licences/libffi/LICENSE"
