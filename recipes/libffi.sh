#!/bin/sh
# libffi: ctypes.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack libffi
patch -p1 <"$MATERIALS/recipes/patches/libffi-own-file.patch"
# A macro of libltdl, which asks what has been so on Linux since ELF.
echo 'AC_DEFUN([LT_SYS_SYMBOL_USCORE], [sys_symbol_underscore=no])' >m4/uscore.m4
autoreconf --install
./configure --prefix="$DEPS" --disable-shared --disable-docs \
    --disable-multi-os-directory --with-pic=no
make -j "$JOBS"
make install DESTDIR="$OUT"
keep LICENSE
