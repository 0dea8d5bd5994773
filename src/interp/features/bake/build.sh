# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

bake_files() {
    # pip reads it (PEP 668).
    install -m 644 "$interp/features/bake/EXTERNALLY-MANAGED" "$staged/"
    # A user's bundle is made by the same code as this one.
    cp -R "$interp/features/bake/hpcpy_bake" "$staged/"
    cp -R "$interp/bundle" "$staged/hpcpy_bake/"
    # The permissions in a checkout depend on its user's umask.
    chmod -R u=rwX,go=rX "$staged/hpcpy_bake"
}
