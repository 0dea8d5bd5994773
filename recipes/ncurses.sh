#!/bin/sh
# libncursesw and libpanelw: curses, and the terminals that libedit asks for.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack ncurses
# The terminals' descriptions are the system's, in Debian's three folders.
./configure --prefix="$DEPS" --enable-widec --enable-overwrite --without-shared \
    --without-debug --without-ada --without-cxx --without-cxx-binding --without-progs \
    --without-tests --without-manpages --disable-db-install --without-dlsym \
    --with-terminfo-dirs=/etc/terminfo:/lib/terminfo:/usr/share/terminfo \
    --with-default-terminfo-dir=/usr/share/terminfo \
    --enable-pc-files --with-pkg-config-libdir="$DEPS/lib/pkgconfig"
make -j "$JOBS"
make install DESTDIR="$OUT"
keep COPYING
