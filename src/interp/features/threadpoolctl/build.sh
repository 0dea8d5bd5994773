# A library for threadpoolctl, which looks for OpenBLAS by a file's name: threadpoolctl.c.
# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

threadpoolctl_objects() {
    shown=$OUT$PREFIX/lib/hpcpy/libopenblas-hpcpy.so
    mkdir -p "${shown%/*}"
    # shellcheck disable=SC2086  # lists of words
    gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED $HARDENED_LINK -fPIC -shared \
        -o "$shown" "$interp/features/threadpoolctl/shown/openblas.c"
    strip --strip-unneeded "$shown"
}
