#!/bin/sh
# The one executable: CPython, the modules of all parts before this one, their
# static libraries, and all that is written in Python as a bundle.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

interp=$MATERIALS/src/interp
link_tools=$MATERIALS/recipes/link
features=$(cat "$MATERIALS/features")
rooms="start importer mpi blas tools"
modules=$interp:$interp/importer:$interp/mpi:$interp/tools
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

# The importer's files beside the library, and its line in CPython's site.
staged=$OUT$library
mkdir -p "$staged" "$OUT$PREFIX/bin"
# shellcheck disable=SC2046  # a list of words
cp "$interp"/importer/_hpcpy_*.py "$interp"/tools/*.py $(in_features "_hpcpy_*.py") "$staged/"
marker='^if not sys.flags.no_site:$'
grep -q "$marker" "$library/site.py"
sed "s/$marker/main = __import__(\"_hpcpy_site\").main_for(globals())\n&/" \
    "$library/site.py" >"$staged/site.py"
mkdir "$staged/sysconfig"
for module in sysconfig/__init__ platform traceback; do
    patch --quiet -o "$staged/$module.py" "$library/$module.py" \
        "$MATERIALS/recipes/patches/library-${module%/*}.patch"
done
module=site-packages/pip/_internal/req/req_uninstall.py
mkdir -p "$staged/${module%/*}"
patch --quiet -o "$staged/$module" "$library/$module" "$MATERIALS/recipes/patches/pip-uninstall.patch"
at files
find "$staged" -name "*.py" -exec chmod 644 {} +
cp -R "$staged/." "$library/"

python "$link_tools/table.py" /opt/link >table.c
python "$link_tools/table.py" --names /opt/link >names.txt
# All packages are at / by now.  Folders whose time is --epoch are not searched for later ones.
python -m bundle bundle --library "$library" --built-in names.txt \
    --extensions "$MATERIALS/recipes/extensions.toml" --epoch "$SOURCE_DATE_EPOCH" \
    --features "$MATERIALS/features"
sed 's/.*/FEATURE(&)/' "$MATERIALS/features" >feature_names.h
# MPI is none of the libraries that are linked in: see mpi.c.
python -m stubs --library /opt/deps/mpi/mpich/libmpi.so.12 \
    /opt/link/mpi4py/*.o /opt/link/h5py/*.o /opt/deps/lib/libhdf5.a >mpich_names.h
for interface in openmpi abi; do
    python -m stubs --prefix "${interface}_" --renames renames.txt \
        "/opt/link/mpi4py/$interface/MPI.o" >"${interface}_names.h"
    objcopy --redefine-syms=renames.txt "/opt/link/mpi4py/$interface/MPI.o" "MPI_$interface.o"
done
includes=
for room in $rooms; do
    includes="$includes -I$interp/$room"
done
# shellcheck disable=SC2046  # a list of words
for source in "$interp"/*/*.[cS] table.c $(in_features "*.c"); do
    # shellcheck disable=SC2086  # lists of words
    gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED ${compile_options-} -fno-pie \
        -ffunction-sections -fdata-sections -I"$PREFIX/include/python$version" \
        -I"$PREFIX/include/python$version/internal" $includes -I. -I/opt/deps/include -DHPCPY_PREFIX="\"$PREFIX\"" -DHPCPY_OWN_MPI='"/opt/mpich"' \
        -DHPCPY_LIBRARY="\"lib/python$version\"" \
        -Wa,-I,bundle -c "$source" -o "${source##*/}.o"
done

# The loader opens absolute names without a search: LD_LIBRARY_PATH, which Apptainer
# always sets, would cost nine look-ups for libm and libc at each start.
mkdir patchelf
dpkg-deb -x "$MATERIALS"/patchelf_*.deb patchelf
system=/lib/$MULTIARCH
for shared in libm.so.6 libc.so.6; do
    patchelf/usr/bin/patchelf --set-soname "$system/$shared" --output "$shared" "$system/$shared"
done

# OpenBLAS would initialise itself at every start, and hang instead of exiting: see blas.c.
blas=$(readlink -f /opt/deps/lib/libopenblas.a)
objcopy --remove-section=.init_array --remove-section=.rela.init_array \
    --redefine-sym exit=hpcpy_blas_exit --redefine-sym raise=hpcpy_blas_raise \
    --redefine-sym malloc=hpcpy_blas_malloc \
    "$blas" libopenblas.a
libraries=$(python "$link_tools/libraries.py" "$config" /opt/link/*/libraries |
    sed "s#$blas#libopenblas.a#")
# Of the global names only Python's C API is exported: OpenSSL's or BLAS's
# would take the place of those that a user's own libraries bring.  And one function that
# replaces the C library's in all libraries (stacks.c), and what the feature threadpoolctl
# shows of BLAS.
echo '{ Py*; _Py*; pthread_create; hpcpy_openblas; };' >exports
cp "$config/libpython$version.a" libpython.a
at objects
link_first='' link_last='' link_options=''
link_libc="./libm.so.6 ./libc.so.6 /usr$system/libc_nonshared.a $(echo "$system"/ld-linux-*.so.*)"
# A function called __wrap_X is linked in front of another one, X.
wrapped=$(nm ./*.o | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')
# shellcheck source=recipes/interpreter/executable.sh
. "$MATERIALS/recipes/interpreter/executable.sh"

at draft
link "$OUT$PREFIX/bin/python$version"
at linked
# Crash reports name an address: hpcpy_info finds the function.
python -m functions "$OUT$PREFIX/bin/python$version" map.txt \
    "$OUT$PREFIX/lib/hpcpy/functions.xz"
strip --strip-unneeded "$OUT$PREFIX/bin/python$version"
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
"$OUT$PREFIX/bin/python$version" -m hpcpy_info --check
