#!/bin/sh
# The one executable: CPython, the modules of all parts before this one, their
# static libraries, and all that is written in Python as a bundle.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

interp=$MATERIALS/src/interp
link_tools=$MATERIALS/recipes/link
python() { PYTHONPATH=$interp "$PREFIX/bin/python3" -B -s -S "$@"; }
config=$(python -c 'import sysconfig; print(sysconfig.get_config_var("LIBPL"))')
version=$(python -c 'import sysconfig; print(sysconfig.get_config_var("LDVERSION"))')
library=$PREFIX/lib/python$version

# What the importer wants beside the library, and its line in CPython's site.
staged=$OUT$library
mkdir -p "$staged" "$OUT$PREFIX/bin"
cp "$interp"/_hpcpy_*.py "$interp"/hpcpy_info.py "$staged/"
# A user's bundle is made by the same code as this one.
cp -R "$interp/hpcpy_bake" "$interp/bundle" "$staged/"
mv "$staged/bundle" "$staged/hpcpy_bake/"
marker='^if not sys.flags.no_site:$'
grep -q "$marker" "$library/site.py"
sed "s/$marker/main = __import__(\"_hpcpy_site\").main_for(globals())\n&/" \
    "$library/site.py" >"$staged/site.py"
mkdir "$staged/sysconfig" "$staged/_pyrepl" "$staged/venv"
for module in sysconfig/__init__ _pyrepl/_module_completer platform posixpath traceback \
    venv/__init__; do
    patch --quiet -o "$staged/$module.py" "$library/$module.py" \
        "$MATERIALS/recipes/patches/library-${module%/*}.patch"
done
while read -r module patch; do
    mkdir -p "$staged/site-packages/${module%/*}"
    patch --quiet -o "$staged/site-packages/$module" "$library/site-packages/$module" \
        "$MATERIALS/recipes/patches/$patch"
done <<END
pip/_internal/req/req_uninstall.py pip-uninstall.patch
matplotlib/__init__.py matplotlib-config.patch
h5py/__init__.py h5py-files.patch
END
find "$staged" -name "*.py" -exec chmod 644 {} +
cp -R "$staged/." "$library/"

python "$link_tools/table.py" /opt/link >table.c
python "$link_tools/table.py" --names /opt/link >names.txt
# All packages are at / by now, and with --epoch nobody looks for later ones.
python -m bundle bundle --library "$library" --built-in names.txt \
    --extensions "$MATERIALS/recipes/extensions.toml" --epoch "$SOURCE_DATE_EPOCH"
# MPI is none of the libraries that are linked in: see mpi.c.
python -m stubs --library /opt/deps/mpi/mpich/libmpi.so.12 \
    /opt/link/mpi4py/*.o /opt/link/h5py/*.o /opt/deps/lib/libhdf5.a >mpich_names.h
for interface in openmpi abi; do
    python -m stubs --prefix "${interface}_" --renames renames.txt \
        "/opt/link/mpi4py/$interface/MPI.o" >"${interface}_names.h"
    objcopy --redefine-syms=renames.txt "/opt/link/mpi4py/$interface/MPI.o" "MPI_$interface.o"
done
# What plug-ins of HDF5 are linked with, by its releases and by Debian: hdf5.c.
hdf5="libhdf5.so.310 libhdf5.so.200 libhdf5.so.103 libhdf5_serial.so.310 libhdf5_serial.so.103"
hdf5_sonames=$(echo "$hdf5" | sed 's/[^ ]*[^ ]/"&",/g')
for source in "$interp"/*.c "$interp"/*.S table.c; do
    # shellcheck disable=SC2086  # lists of words
    gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED -fno-pie \
        -ffunction-sections -fdata-sections -I"$PREFIX/include/python$version" \
        -I"$PREFIX/include/python$version/internal" -I"$interp" -I. -I/opt/deps/include -DHPCPY_PREFIX="\"$PREFIX\"" -DHPCPY_OWN_MPI='"/opt/mpich"' \
        -DHPCPY_LIBRARY="\"lib/python$version\"" \
        -DHPCPY_HDF5_SONAMES="$hdf5_sonames" \
        -Wa,-I,bundle -c "$source" -o "${source##*/}.o"
done

# Opened by what looks for OpenBLAS by a file's name: see blas_shown.c.
shown=$OUT$PREFIX/lib/hpcpy/libopenblas-hpcpy.so
mkdir -p "${shown%/*}"
# shellcheck disable=SC2086  # lists of words
gcc -std=gnu11 -Wall -Wextra $PORTABLE $HARDENED $HARDENED_LINK -fPIC -shared \
    -o "$shown" "$interp/shown/openblas.c"
strip --strip-unneeded "$shown"

# The loader opens absolute names without a search: see soname.py.
system=/lib/$(gcc -print-multiarch)
for shared in libm.so.6 libc.so.6; do
    python "$link_tools/soname.py" "$system/$shared" "$system/$shared" "$shared"
done

# OpenBLAS would prepare itself at every start, and hang where it gives up: see blas.c.
blas=$(readlink -f /opt/deps/lib/libopenblas.a)
objcopy --remove-section=.init_array --remove-section=.rela.init_array \
    --redefine-sym exit=hpcpy_blas_exit --redefine-sym raise=hpcpy_blas_raise \
    --redefine-sym malloc=hpcpy_blas_malloc \
    "$blas" libopenblas.a
libraries=$(python "$link_tools/libraries.py" "$config" /opt/link/*/libraries |
    sed "s#$blas#libopenblas.a#")
# Opens plug-ins by hdf5.c; found before the one it is a copy of.
objcopy --redefine-sym dlopen=hpcpy_hdf5_open /opt/deps/lib/libhdf5.a libhdf5.a
# Of the global names only Python's C API is exported: OpenSSL's or BLAS's
# would take the place of those that a user's own libraries bring.  And what is to
# stand before the C library's, for all libraries: see stacks.c.
echo '{ Py*; _Py*; pthread_attr_setstacksize; };' >exports
# Strings of CPython's and of ours stay beside what reads them, where the linker
# would put equal ones of all libraries together.
keep_apart='.rodata*.str*=alloc,readonly,data,contents'
# Exported, so that --wrap does not change what others call: see collector_views.c.
objcopy --set-section-flags "$keep_apart" \
    --redefine-sym PyGC_Collect=hpcpy_real_PyGC_Collect \
    --redefine-sym PyUnstable_GC_VisitObjects=hpcpy_real_PyUnstable_GC_VisitObjects \
    "$config/libpython$version.a" libpython.a
for object in ./*.c.o; do
    objcopy --set-section-flags "$keep_apart" "$object"
done
# What stands before a function of somebody else says so by its name.
wrapped=$(nm ./*.o | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')
# No PIE: 92,329 relocations at each start, 1.2 ms of 8.9.
link() {
    # shellcheck disable=SC2086  # lists of words
    gcc -no-pie $HARDENED_LINK -Wl,-z,noexecstack -Wl,--dynamic-list=exports \
        $wrapped -nodefaultlibs \
        -o "$1" ./*.o /opt/link/*/*.o \
        -Wl,--whole-archive ./libpython.a -Wl,--no-whole-archive \
        -L. -L/opt/deps/lib -Wl,-Bstatic,--start-group $libraries -Wl,--end-group,-Bdynamic \
        ./libm.so.6 ./libc.so.6 "/usr$system/libc_nonshared.a" "$system"/ld-linux-*.so.* \
        -lgcc -lgcc_eh $2
}

# Three times: the first one shows what starts load and run, which is the code
# image, the second one what they enter of all that is compiled, as that hangs on
# the image.  In the prefix, so that these have all packages and their final paths.
draft=$PREFIX/bin/python-draft
link "$draft" ""
env -i PYTHONHASHSEED=0 "$draft" "$interp/codeimage/training.py" training.json
gcc -std=gnu11 -Wall -Wextra -Wno-deprecated-declarations \
    -I"$PREFIX/include/python$version" "$interp/codeimage/layout.c" -o layout
./layout >layout.txt
python -m codeimage code_image_objects.o --bundle bundle/modules.bundle \
    --library "$library" --training training.json --layout layout.txt
link "$draft" ""
# The functions that starts enter, and what these refer to, come first: order/.
gcc -O2 -fno-builtin -fPIC -shared "$interp/order/addresses.c" -o addresses.so
gcc -O2 -Wall -Wextra "$interp/order/trace.c" -o trace
runtime=$(dirname "$(gcc -print-libgcc-file-name)")
order() {
    python -m order "$draft" libpython.a \
        "$runtime/libstdc++.a" "$runtime/libgfortran.a" ./*.c.o /opt/link/numpy/*.o "$@"
}
order >functions.txt
# As in a container, and where the locale is to be made UTF-8 first.
for program in pass "import numpy"; do
    for locale in C.UTF-8 C; do
        env -i LD_PRELOAD=./addresses.so PYTHONHASHSEED=0 LANG="$locale" HOME=/ PATH="$PATH" \
            LD_LIBRARY_PATH=/.singularity.d/libs \
            ./trace functions.txt "$draft" -c "$program" </dev/null
    done
done >hits.txt
order --hits hits.txt >order.txt
link "$OUT$PREFIX/bin/python$version" -Wl,--section-ordering-file=order.txt
# HDF5's names, for who asks: a library without code, and what leads to it.
h5py=$staged/site-packages/h5py
names_library() {
    gcc -shared -nostdlib -Wl,-z,noexecstack -Wl,--no-as-needed -Wl,-soname,"$1" -o "$h5py/$1" "$2"
}
python -m stubs.addresses "$OUT$PREFIX/bin/python$version" >libhdf5.S
names_library libhdf5.so libhdf5.S
for soname in $hdf5; do
    names_library "$soname" "$h5py/libhdf5.so"
done
strip --strip-unneeded "$OUT$PREFIX/bin/python$version" "$h5py"/libhdf5*

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

# Every code object is loaded once: a broken bundle never leaves the builder.
"$OUT$PREFIX/bin/python$version" -m hpcpy_info --check
