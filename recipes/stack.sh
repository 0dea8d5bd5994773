#!/bin/sh
# The scientific stack, from the wheels that its projects publish.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

"$PREFIX/bin/python3" -m pip --disable-pip-version-check install --no-index --no-deps \
    --no-compile --no-warn-script-location --root-user-action=ignore \
    --root "$OUT" --prefix "$PREFIX" "$MATERIALS"/*.whl

cd "$OUT$PREFIX"
site=$(echo lib/python3.*/site-packages)
drop_tests "$site"
# Headers, stubs and typesheds of compilers that the image does not have;
# CuPy's own headers stay, it compiles against them on the GPU node.
find "$site" \( -name '*.pyx' -o -name '*.pxd' -o -name '*.a' \) -delete
rm -rf share/man
compile_all "$OUT$PREFIX/lib"
