#!/bin/sh
# libuuid of util-linux: the module uuid.  Nothing else of that tree is built,
# most of it is under GNU's licences.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack libuuid
./configure --prefix="$DEPS" --disable-shared --disable-all-programs --enable-libuuid \
    --disable-nls --without-python
make -j "$JOBS"
make install DESTDIR="$OUT"
keep Documentation/licenses/COPYING.BSD-3-Clause libuuid/COPYING
