#!/bin/sh
# In /opt/deps/old: libraries to link against, of which programs for a host's own C library
# from glibc 2.28 on need nothing newer, and the functions that it lacks.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

source=$MATERIALS/recipes/old_libc
old=$OUT/opt/deps/old
system=/lib/$MULTIARCH
sh "$source/stubs.sh" "$PWD/stubs" 2.28 "$system/libc.so.6" "$system/libm.so.6" \
    "$system"/ld-linux-*.so.*
mkdir -p "$old"
cp "$source/check.sh" "$old/"
cp stubs/*.so.[0-9] "$old/"
# By LIBRARY_PATH gcc finds them in place of the builder's.
ln -s libm.so.6 "$old/libm.so"
loader=$(echo "$system"/ld-linux-*.so.*)
echo "GROUP(/opt/deps/old/libc.so.6 /usr/lib/$MULTIARCH/libc_nonshared.a" \
    "AS_NEEDED(/opt/deps/old/${loader##*/}))" >"$old/libc.so"
# shellcheck disable=SC2086  # lists of words
gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED -fPIC -fno-builtin -c "$source"/old_*.[cS]
ar -rcsD "$old/libold.a" old_*.o
