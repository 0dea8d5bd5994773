#!/bin/sh
# Machine code of the workloads' numba kernels, for each level of processors.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

# An image without the feature `numba` has none.
if [ -f "$(echo "$PREFIX"/lib/python3.*/_hpcpy_numba_build.py)" ]; then
    modules=$("$PREFIX/bin/python3" -c \
        'from workloads.registry import numba_modules; print(*numba_modules())')
    # shellcheck disable=SC2086  # a list of words
    "$PREFIX/bin/python3" -m _hpcpy_numba_build "$OUT$PREFIX/share/hpcpy/numba" $modules
fi
