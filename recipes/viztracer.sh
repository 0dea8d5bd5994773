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
# Its sdist holds x86-64's library, too, by which it enters a process that runs.
case $MULTIARCH in
    x86_64*) ;;
    *) find "$OUT" -name 'attach_linux_amd64.so' -delete ;;
esac
