#!/bin/sh
# strace, which counts the calls of a start, from Debian's packages, with the libraries
# that `base` lacks.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

for package in "$MATERIALS"/*.deb; do
    dpkg-deb --extract "$package" root
done
libraries=usr/lib/$MULTIARCH
install -D -m 755 root/usr/bin/strace "$OUT/usr/bin/strace"
mkdir -p "$OUT/$libraries"
# Not those for core dumps and for setjmp.
for name in libunwind libunwind-ptrace "libunwind-${MULTIARCH%%-*}"; do
    cp -a "root/$libraries/$name".so.* "$OUT/$libraries/"
done
for copyright in root/usr/share/doc/*/copyright; do
    install -D -m 644 "$copyright" "$OUT/${copyright#root/}"
done
