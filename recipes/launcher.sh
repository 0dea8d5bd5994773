#!/bin/sh
# The launcher of packed environments, in /opt/pack, for the interpreter as one file.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/archives.sh
. "$MATERIALS/recipes/link/archives.sh"

mkdir -p "$OUT/opt/pack"
CC=gcc sh "$MATERIALS/src/hpcpy/pack/launcher/compile.sh" "$PWD/root" "$OUT/opt/pack/run"
