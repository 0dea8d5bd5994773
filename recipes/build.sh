#!/bin/sh
# Build the parts of recipes/parts.list in order, inside the builder image.
#
# A part is PART.sh beside this file.  What it stages is unpacked at / for the
# parts after it; one that lies ready as $CONTEXT/parts/PART.tar is unpacked
# instead of built.  With RESULT set, the tar files of the built ones are left
# there; without it, in /build, and those of the parts that are marked as shipped
# are named in /build/shipped, for unpack.sh.
set -eu
: "${CONTEXT:=/context}" "${RESULT:=}"
export CONTEXT LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0
SOURCE_DATE_EPOCH=$(cat "$CONTEXT/recipes/epoch")
export SOURCE_DATE_EPOCH

# Behind the last one that is built, nothing needs to lie at /.
left=0
while read -r PART _; do
    [ -f "$CONTEXT/parts/$PART.tar" ] || left=$((left + 1))
done <"$CONTEXT/recipes/parts.list"

mkdir -p /build
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
        # Processor time of this shell and of all that it ran: `seconds` of the part.
        times
        left=$((left - 1))
        # The container goes with what lies in it.
        [ -n "$RESULT" ] || rm -rf "$work" "$OUT"
    fi
    if [ "$use" = shipped ]; then
        echo "$ready" >>/build/shipped
    fi
    if [ "$left" -gt 0 ]; then
        # Folders are merged into those that are there: /lib is a link in Debian.
        tar -C / --keep-directory-symlink -xf "$ready"
    fi
done <"$CONTEXT/recipes/parts.list"
