# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

numba_files() {
    cp "$interp/features/numba/hpcpy_warmup.py" "$staged/"
    patch_copies "$library/site-packages" "$staged/site-packages" \
        "$interp/features/numba/numba.patch"
}
