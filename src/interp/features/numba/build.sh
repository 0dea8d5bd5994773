# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

numba_files() {
    patch_copies "$library/site-packages" "$staged/site-packages" \
        "$interp/features/numba/numba.patch"
}
