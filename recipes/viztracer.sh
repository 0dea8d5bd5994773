#!/bin/sh
# viztracer from its sdist, its tracer as an object for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir viztracer
tar -xf "$MATERIALS"/viztracer.tar.* -C viztracer --strip-components=1 --no-same-owner
export CFLAGS="$PORTABLE $HARDENED"
link_install viztracer
