#!/bin/sh
# numba from its sdist, its modules as objects for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

# numba opens its thread pools only when one is asked for, and the OpenMP one
# brings libgomp with it.
LINK_SHARED=omppool
link_setup
mkdir numba
tar -xf "$MATERIALS"/numba.tar.* -C numba --strip-components=1 --no-same-owner
apply_patches numba
export CFLAGS="$PORTABLE $HARDENED" CXXFLAGS="$PORTABLE $HARDENED" NUMBA_DISABLE_TBB=1
link_install numba

site=$(echo "$OUT$PREFIX"/lib/python3.*/site-packages)
drop_tests "$site"
