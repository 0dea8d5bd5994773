#!/bin/sh
# stubs.sh OUT NEWEST LIBRARY…: libraries without code in OUT.  Each offers the names that
# glibc NEWEST offered, by the versions that they had there: what is linked with them needs
# no newer one.
set -eu
out=$1 newest=$2
shift 2
mkdir -p "$out"

# Links a source into OUT/NAME; the version script is optional.
stub() {
    gcc -shared -nostdlib -Wl,-soname,"$1" ${3:+"-Wl,--version-script=$3"} -o "$out/$1" "$2"
}

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
    stub "$name" "$out/$name.S" "$out/$name.map"
done

# These became parts of libc in 2.34; before, a program had to name them.
for name in libpthread.so.0 libdl.so.2 librt.so.1; do
    echo '.section .note.GNU-stack, "", @progbits' >"$out/$name.S"
    stub "$name" "$out/$name.S"
done
