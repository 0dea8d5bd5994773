# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

numba_files() {
    cp "$interp/features/numba/hpcpy_warmup.py" "$staged/"
    change=$interp/features/numba/numba.patch
    sed -n 's#^+++ b/##p' "$change" | while read -r file; do
        mkdir -p "$staged/site-packages/${file%/*}"
        cp "$library/site-packages/$file" "$staged/site-packages/$file"
    done
    patch --quiet --no-backup-if-mismatch -d "$staged/site-packages" -p1 <"$change"
}
