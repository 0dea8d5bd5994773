#!/bin/sh
# Build the parts of recipes/parts.list in order, inside the builder image.
#
# A part is PART.sh beside this file.  What it stages is unpacked at / for the
# parts after it; one that lies ready as $CONTEXT/parts/PART.tar is unpacked
# instead of built.  With RESULT set, the tar files of the built ones are left
# there; without it, the parts marked as shipped are unpacked together in /out.
set -eu
: "${CONTEXT:=/context}" "${RESULT:=}"
export CONTEXT LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0
SOURCE_DATE_EPOCH=$(cat "$CONTEXT/recipes/epoch")
export SOURCE_DATE_EPOCH

# Where nothing is left to build, nothing needs to lie at /.
building=
while read -r PART _; do
    [ -f "$CONTEXT/parts/$PART.tar" ] || building=yes
done <"$CONTEXT/recipes/parts.list"

mkdir -p /build /out
while read -r PART use; do
    ready=$CONTEXT/parts/$PART.tar
    if [ ! -f "$ready" ]; then
        # The same path in every build: compilers and bytecode write it down.
        work=/build/$PART
        OUT=/build/$PART.out
        export PART OUT
        mkdir "$work" "$OUT"
        echo "== $PART"
        (cd "$work" && sh "$CONTEXT/recipes/$PART.sh")
        ready=${RESULT:-/build}/$PART.tar
        # Sorted, no owner, one time: equal inputs, equal bytes.
        tar -C "$OUT" --sort=name --owner=0 --group=0 --numeric-owner \
            --mtime="@$SOURCE_DATE_EPOCH" --format=gnu -cf "$ready" .
        rm -rf "$work" "$OUT"
    fi
    if [ -z "$RESULT" ] && [ "$use" = shipped ]; then
        tar -C /out -xf "$ready"
    fi
    if [ -n "$building" ]; then
        # Folders are merged into those that are there: /lib is a link in Debian.
        tar -C / --keep-directory-symlink -xf "$ready"
    fi
done <"$CONTEXT/recipes/parts.list"
