# All that is written in Python, and its bundle; interpreter.sh sources it.
#
# Leaves $staged, the folder below $OUT with the library's files of this part, the names of
# the modules that are linked in (names.txt), and bundle/.
# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

staged=$OUT$library
mkdir -p "$staged" "$OUT$PREFIX/bin"
# shellcheck disable=SC2046  # a list of words
cp "$interp"/importer/_hpcpy_*.py "$interp"/packages/*.py "$interp"/tools/*.py $(in_features "_hpcpy_*.py") "$staged/"
# A checkout's own comes before it, as before any package of the image.
mkdir -p "$staged/site-packages/hpcpy"
mv "$staged/hpcpy_package.py" "$staged/site-packages/hpcpy/__init__.py"
# The library that packages are built with stays as it is until here.
patch_copies "$library" "$staged" "$MATERIALS/recipes/patches/$PART"/*.patch
at files
find "$staged" -name "*.py" -exec chmod 644 {} +
cp -R "$staged/." "$library/"
# All packages are at / by now, as their recipes and this one have left them.
python "$interp/bundle/records.py" "$library/site-packages"
(cd "$library/site-packages" && cp --parents ./*.dist-info/RECORD "$staged/site-packages/")

python "$link_tools/table.py" --names /opt/link >names.txt
# Folders whose time is --epoch are not searched for later ones.
python -m bundle bundle --library "$library" --built-in names.txt \
    --extensions "$MATERIALS/recipes/extensions.toml" --epoch "$SOURCE_DATE_EPOCH" \
    --features "$MATERIALS/features"
