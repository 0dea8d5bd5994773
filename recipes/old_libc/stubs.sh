#!/bin/sh
# stubs.sh OUT NEWEST LIBRARY…: libraries without code in OUT.  Each offers the names that
# glibc NEWEST offered, by the versions that they had there: what is linked with them needs
# no newer one.
set -eu
out=$1 newest=$2
shift 2
mkdir -p "$out"

for library in "$@"; do
    name=${library##*/}
    # NAME VERSION TYPE SIZE BIND PLACE, each name's newest version last.  And errno, which
    # libm.so.6 has used by this name since glibc 2.3.
    readelf --dyn-syms --wide "$library" |
        awk '$7 != "UND" && $7 != "ABS" && $8 ~ /@GLIBC_2\.|^errno@@GLIBC_PRIVATE$/ {
            split($8, part, "@+"); print part[1], substr(part[2], 7), $4, $3, $5, $7 ":" $2 }' |
        sort -k1,1 -k2,2V |
        awk -v newest="$newest" -v source="$out/$name.S" -v map="$out/$name.map" \
            -f "${0%/*}/stubs.awk"
    # Without symbols: gcc's temporary file would be one of them.
    gcc -shared -nostdlib -s -Wl,-soname,"$name" -Wl,--version-script="$out/$name.map" \
        -o "$out/$name" "$out/$name.S"
done
