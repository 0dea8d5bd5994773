#!/bin/sh
# The scientific stack, from the wheels that its projects publish.
# shellcheck source=recipes/packages.sh
. "$CONTEXT/recipes/packages.sh"

install_wheels
"$PREFIX/bin/python3" "$MATERIALS/src/interp/bundle/records.py" "$site"
compile_all "$OUT$PREFIX/lib"
