#!/bin/sh
# Java's runtime from Debian's package.  Without the certificates that its installation
# makes from ca-certificates: Spark in an image needs none.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

for package in "$MATERIALS"/*.deb; do
    dpkg-deb --extract "$package" root
done
mkdir -p "$OUT/usr/bin" "$OUT/usr/lib"
cp -a root/etc "$OUT/"
cp -a root/usr/lib/jvm "$OUT/usr/lib/"
# By its alias java-1.*, not by the folder with the package's name.
for home in root/usr/lib/jvm/java-1.*/bin; do
    ln -s "..${home#root/usr}/java" "$OUT/usr/bin/java"
done
for copyright in root/usr/share/doc/*/copyright; do
    install -D -m 644 "$copyright" "$OUT/${copyright#root/}"
done
