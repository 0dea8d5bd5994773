# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

# A user's bundle is made by the same code as this one.
bake_files() {
    cp -R "$interp/features/bake/hpcpy_bake" "$staged/"
    cp -R "$interp/bundle" "$staged/hpcpy_bake/"
}
