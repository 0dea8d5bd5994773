#!/bin/sh
# libedit: the editor of the module readline.  GNU's licence would bind the
# whole interpreter.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack libedit
./configure --prefix="$DEPS" --disable-shared --disable-examples LIBS=-lncursesw
make -j "$JOBS"
make install DESTDIR="$OUT"
keep COPYING
