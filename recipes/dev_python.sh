#!/bin/sh
# Packages that build extension modules, from their projects' wheels.  Not by packages.sh,
# which would remove the .pxd files that Cython reads at run time.  No bytecode: the
# image bakes all modules.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

"$PREFIX/bin/python3" -m pip --disable-pip-version-check install --no-index --no-deps \
    --no-compile --no-warn-script-location --root-user-action=ignore \
    --root "$OUT" --prefix "$PREFIX" "$MATERIALS"/*.whl
site=$(echo "$OUT$PREFIX"/lib/python3.*/site-packages)
drop_tests "$site"
# Listed among setuptools' files, so that it is baked with them.
install -D -m 644 "$MATERIALS/containers/dev/distutils_shim.py" "$site/distutils/__init__.py"
echo "distutils/__init__.py,," >>"$(echo "$site"/setuptools-*.dist-info)/RECORD"
rm -rf "$OUT$PREFIX/share/man"
