#!/bin/sh
# Build the parts of recipes/parts.list in order, inside the builder image.
#
# A part is built by PART.sh beside this file.  What that stages is unpacked at / for
# the parts after it.  A part that is ready as $CONTEXT/parts/PART.tar is not built,
# only unpacked.  The tar files of the built parts go to $RESULT, or without it to
# /build.  /build/shipped lists the tar files of the parts that are marked as shipped:
# the images' Containerfiles unpack these.
set -eu
: "${CONTEXT:=/context}" "${RESULT:=}"
export CONTEXT LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0
SOURCE_DATE_EPOCH=$(cat "$CONTEXT/recipes/epoch")
export SOURCE_DATE_EPOCH

# After the last part that is built, nothing has to be unpacked at /.
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
        # With RESULT, the container itself is removed afterwards.
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
