# Functions for recipes of Python packages from wheels; it sources lib.sh, and is sourced.
# shellcheck shell=sh
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

# install_wheels: all wheels of this part into $OUT, without what no run needs.
install_wheels() {
    "$PREFIX/bin/python3" -m pip --disable-pip-version-check install --no-index --no-deps \
        --no-compile --no-warn-script-location --root-user-action=ignore \
        --root "$OUT" --prefix "$PREFIX" "$MATERIALS"/*.whl
    site=$(echo "$OUT$PREFIX"/lib/python3.*/site-packages)
    drop_tests "$site"
    # Cython's sources and declarations and static archives are for compilers, which the
    # image does not have.  Headers stay: CuPy compiles against its own on the GPU node.
    find "$site" \( -name '*.pyx' -o -name '*.pxd' -o -name '*.a' \) -delete
    rm -rf "$OUT$PREFIX/share/man"
}

# strip_packages: debugging sections in wheels' libraries.  Those that auditwheel has put
# beside a package have none, and have been through patchelf, after which strip is not
# safe.
strip_packages() {
    for folder in "$site"/*/; do
        case $folder in
            *.libs/) ;;
            *) strip_all "$folder" ;;
        esac
    done
}
