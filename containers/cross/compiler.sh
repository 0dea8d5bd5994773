#!/bin/sh
# @compiler@ as it would be on such a machine: a cross compiler ignores LIBRARY_PATH.
IFS=:
for folder in ${LIBRARY_PATH-}; do
    set -- "$@" "-L$folder"
done
exec /usr/bin/@compiler@ "$@"
