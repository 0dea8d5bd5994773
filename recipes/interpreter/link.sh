# The link: interpreter.sh sources it when all is compiled.
#
#   link FILE     all objects ./*.o, the packages' modules, CPython and the libraries to
#                 the executable FILE
#
# It takes these, which a feature's build.sh may change before each link:
#
#   link_libc     the C library, last in the link: shared objects, or others that stand
#                 in for them, and libc_nonshared.a
#   link_first    objects in front of ours
#   link_options  further options
#   exports       a file: the dynamic symbols
# shellcheck shell=sh disable=SC2034,SC2154  # variables of recipes/interpreter.sh

# The loader opens absolute names without a search: LD_LIBRARY_PATH, which Apptainer
# always sets, would cost nine look-ups for libm and libc at each start.
mkdir patchelf
dpkg-deb -x "$MATERIALS"/patchelf_*.deb patchelf
system=/lib/$MULTIARCH
for shared in libm.so.6 libc.so.6; do
    patchelf/usr/bin/patchelf --set-soname "$system/$shared" --output "$shared" "$system/$shared"
done
link_libc="./libm.so.6 ./libc.so.6 /usr$system/libc_nonshared.a $(echo "$system"/ld-linux-*.so.*)"
link_first='' link_options=''

# What stands in front of others' functions.  OpenBLAS would also initialise itself at
# every start: see blas.c.
libraries=$(python "$link_tools/libraries.py" "$config" /opt/link/*/libraries)
cp "$config/libpython$version.a" libpython.a
objcopy --remove-section=.init_array --remove-section=.rela.init_array \
    /opt/deps/lib/libopenblas.a libopenblas.a
mkdir renamed
nm ./*.o >objects.txt
wrapped=$(python "$scripts/wraps.py" "$interp/start/wraps.toml" objects.txt renamed)
for names in renamed/*; do
    archive=${names##*/}
    original=$(readlink -f "/opt/deps/lib/$archive")
    [ -e "$archive" ] || cp "$original" "$archive"
    objcopy --redefine-syms="$names" "$archive"
    libraries=$(echo "$libraries" | sed "s#$original#$archive#")
done

# Of the global names only Python's C API is exported: OpenSSL's or BLAS's
# would take the place of those that a user's own libraries bring.  And one function that
# replaces the C library's in all libraries (stacks.c), and what the feature threadpoolctl
# shows of BLAS.
echo '{ Py*; _Py*; PY_TIMEOUT_MAX; pthread_create; hpcpy_openblas; };' >exports

# shellcheck source=recipes/interpreter/executable.sh
. "$scripts/executable.sh"
