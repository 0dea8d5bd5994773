#!/bin/sh
# numpy from its sdist, its modules as objects for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir numpy
tar -xf "$MATERIALS"/numpy.tar.* -C numpy --strip-components=1 --no-same-owner

# Not -O2: it would override the -O3 of meson's release build.  The baseline is
# -march's; numpy chooses code above it at run time.  A section for each function,
# since interpreter.sh puts those together that an import enters.
flags="${PORTABLE#-O2 } -ffunction-sections -fdata-sections"
export CFLAGS="$flags $HARDENED" CXXFLAGS="$flags $HARDENED"
link_install numpy --config-settings=build-dir=build \
    --config-settings=compile-args="-j$JOBS" \
    --config-settings=setup-args=-Dblas=openblas \
    --config-settings=setup-args=-Dlapack=openblas \
    --config-settings=setup-args=-Dallow-noblas=false \
    --config-settings=setup-args=-Dprefer_static=true

site=$(echo "$OUT$PREFIX"/lib/python3.*/site-packages)
drop_tests "$site"
