#!/bin/sh
# Libraries that wheels may take for granted, from Debian's packages: those of
# manylinux's list alone.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

for package in "$MATERIALS"/*.deb; do
    dpkg-deb --extract "$package" root
done
libraries=usr/lib/$MULTIARCH
mkdir -p "$OUT/$libraries"
for name in libatomic libexpat libglib-2.0 libgobject-2.0 libgthread-2.0; do
    cp -a "root/$libraries/$name".so.* "$OUT/$libraries/"
done
for copyright in root/usr/share/doc/*/copyright; do
    install -D -m 644 "$copyright" "$OUT/${copyright#root/}"
done
# A package may have a link to the licences of one that `base` has.
find root/usr/share/doc -type l -exec cp -a -t "$OUT/usr/share/doc" {} +
