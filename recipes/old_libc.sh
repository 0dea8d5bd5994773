#!/bin/sh
# In /opt/deps/old: the C library to link against, of which programs for a host's own from
# glibc 2.28 on need nothing newer.  What that lacks is linked into them, as libc_nonshared.a is.
# -L/opt/deps/old takes it in place of the builder's.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

source=$MATERIALS/recipes/old_libc
old=/opt/deps/old
mkdir -p "$OUT$old"
# Libraries without code: each offers the names that glibc 2.28 had, by their versions there.
for library in "/lib/$MULTIARCH"/libc.so.6 "/lib/$MULTIARCH"/libm.so.6 "/lib/$MULTIARCH"/ld-linux-*; do
    name=${library##*/}
    readelf --dyn-syms --wide "$library" |
        awk -v newest=28 -v source="$name.stub.s" -v map="$name.map" -f "$source/stubs.awk"
    # Without symbols: gcc's temporary file would be one of them.
    gcc -shared -nostdlib -s -Wl,-soname,"$name" -Wl,--version-script="$name.map" \
        -o "$OUT$old/$name" "$name.stub.s"
done
ln -s libm.so.6 "$OUT$old/libm.so"
# $name is the loader's.
echo "GROUP($old/libc.so.6 $old/libold.a /usr/lib/$MULTIARCH/libc_nonshared.a" \
    "AS_NEEDED($old/$name))" >"$OUT$old/libc.so"
# shellcheck disable=SC2086  # lists of words
gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED -fPIC -fno-builtin -c "$source"/*.[cS]
ar -rcsD "$OUT$old/libold.a" ./*.o
