#!/bin/sh
# liblzma: the module lzma.  Its programs have other licences and stay out.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack xz
./configure --prefix="$DEPS" --disable-shared --disable-xz --disable-xzdec \
    --disable-lzmadec --disable-lzmainfo --disable-lzma-links --disable-scripts \
    --disable-doc --disable-nls
make -j "$JOBS"
make install DESTDIR="$OUT"
keep COPYING COPYING.0BSD
