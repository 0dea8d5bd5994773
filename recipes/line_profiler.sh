#!/bin/sh
# line_profiler from its sdist, its tracer as an object for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir line_profiler
tar -xf "$MATERIALS"/line-profiler.tar.* -C line_profiler --strip-components=1 --no-same-owner
export CFLAGS="$PORTABLE $HARDENED" CXXFLAGS="$PORTABLE $HARDENED"
link_install line_profiler
