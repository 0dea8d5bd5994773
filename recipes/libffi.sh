#!/bin/sh
# libffi, for ctypes.  Debian's archive is configured without static trampolines: memory
# for callbacks would be writable and executable at once, which hardened systems
# refuse.  Compiling it takes ten seconds.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

DEPS=/opt/deps
unpack libffi
apply_patches .
# A macro of libltdl, whose answer on Linux has been no since ELF.
echo 'AC_DEFUN([LT_SYS_SYMBOL_USCORE], [sys_symbol_underscore=no])' >m4/uscore.m4
autoreconf --install
# Only for one executable at a fixed address.  Without -fno-pie, Debian's gcc makes
# position-independent code.
./configure --prefix="$DEPS" --disable-shared --disable-docs \
    --disable-multi-os-directory --with-pic=no CFLAGS="$PORTABLE $HARDENED -fno-pie" LDFLAGS=-no-pie
make -j "$JOBS"
make install DESTDIR="$OUT"
rm -r "$OUT$DEPS/share" "$OUT$DEPS"/lib/*.la
install -D -m 644 LICENSE "$OUT$DEPS/share/licences/libffi/LICENSE"
