# Stands in for lib.sh where aarch64 is built for.
# shellcheck shell=sh disable=SC2034
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib_of_all.sh"

# The oldest level of aarch64, without contraction as in lib.sh.
PORTABLE="-O2 -march=armv8-a -ffp-contract=off"

# What $PREFIX/bin/python3 is in the end.  Where that would be emulated, this name is it, and
# that one this machine's Python.
TARGET_PYTHON=$PREFIX/bin/target-python3
[ -e "$TARGET_PYTHON" ] || TARGET_PYTHON=$PREFIX/bin/python3
