#!/bin/sh
# The one executable: CPython, the modules of all parts before this one, their
# static libraries, and all that is written in Python as a bundle.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

interp=$MATERIALS/src/interp
scripts=$MATERIALS/recipes/interpreter
link_tools=$MATERIALS/recipes/link
features=$(cat "$MATERIALS/features")
modules=$interp:$interp/importer:$interp/packages:$interp/mpi:$interp/tools
for feature in $features; do
    modules=$modules:$interp/features/$feature
done
python() { PYTHONPATH=$modules "$PREFIX/bin/python3" -B -s -S "$@"; }
config=$(python -c 'import sysconfig; print(sysconfig.get_config_var("LIBPL"))')
version=$(python -c 'import sysconfig; print(sysconfig.get_config_var("LDVERSION"))')
library=$PREFIX/lib/python$version

# What a feature adds to this recipe: functions called NAME_STAGE in its build.sh.
#
#   files    $staged is filled, but not yet copied into the library and bundled
#   objects  all is compiled, and libpython.a is the copy that will be linked
#   draft    just before the last link; `link FILE` links what is there by now
#   linked   the executable is there, with its symbols
for feature in $features; do
    if [ -f "$interp/features/$feature/build.sh" ]; then
        # shellcheck source=/dev/null
        . "$interp/features/$feature/build.sh"
    fi
done
at() {
    for feature in $features; do
        if command -v "${feature}_$1" >/dev/null; then
            "${feature}_$1"
        fi
    done
}
# in_features PATTERN: the features' files of such names.
in_features() {
    for feature in $features; do
        find "$interp/features/$feature" -maxdepth 1 -name "$1"
    done
}

# shellcheck source=recipes/interpreter/library.sh
. "$scripts/library.sh"
# shellcheck source=recipes/interpreter/compile.sh
. "$scripts/compile.sh"
# shellcheck source=recipes/interpreter/link.sh
. "$scripts/link.sh"
at objects
at draft
executable=$OUT$PREFIX/bin/python$version
link "$executable"
at linked
# Crash reports name an address: hpcpy_info finds the function.
python "$scripts/functions.py" "$executable" map.txt "$OUT$PREFIX/lib/hpcpy/functions.xz"
strip --strip-unneeded "$executable"
keep_linked "$OUT/opt/link/interpreter"

# The licences of what is linked in.
mkdir -p "$OUT$PREFIX/share/licenses" "$OUT/usr/share/doc"
cp -R /opt/deps/share/licences/. "$OUT$PREFIX/share/licenses/"
cp -R /opt/deps/share/doc/. "$OUT/usr/share/doc/"
for library in $libraries; do
    archive=/usr/lib/$MULTIARCH/lib${library#-l}.a
    if [ ! -e "/opt/deps/lib/${archive##*/}" ] && [ -e "$archive" ]; then
        package=$(dpkg -S "$archive" | cut -d: -f1)
        install -D -m 644 -t "$OUT/usr/share/doc/$package" "/usr/share/doc/$package/copyright"
    fi
done

cp -R "$OUT/usr/share/doc" "$OUT/opt/link/interpreter/"

# Every code object is loaded once: a broken bundle never leaves the builder.
"$executable" -m hpcpy_info --check
