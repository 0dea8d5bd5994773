#!/bin/sh
# viztracer from its sdist, its tracer as an object for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir viztracer
tar -xf "$MATERIALS"/viztracer.tar.* -C viztracer --strip-components=1 --no-same-owner

# The page that vizviewer shows asks Google's whether its reader works there.
# Test: tests/launch/test_profile_pages.py
page=$(echo viztracer/src/viztracer/web_dist/v*/frontend_bundle.js)
asked='"[a-z]*://storage[.]cloud[.]google[^"]*is_internal_user[.]js"'
grep -q "$asked" "$page"
sed -i "s|$asked|\"\"|" "$page"

export CFLAGS="$PORTABLE $HARDENED"
link_install viztracer
