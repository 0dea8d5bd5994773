# HDF5's names for plug-ins: a library without code, and others that lead to it.
# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

# The sonames that plug-ins are linked with, of HDF5's releases and of Debian.
hdf5_sonames="libhdf5.so.310 libhdf5.so.200 libhdf5.so.103 libhdf5_serial.so.310 libhdf5_serial.so.103"

hdf5_plugins_files() {
    patch_copies "$library/site-packages" "$staged/site-packages" \
        "$interp/features/hdf5_plugins/h5py.patch"
    echo "#define HPCPY_HDF5_SONAMES $(echo "$hdf5_sonames" | sed 's/[^ ]*[^ ]/"&",/g')" \
        >hdf5_sonames.h
}

# hdf5_names EXECUTABLE: the library without code.  It has what HDF5's headers declare: functions,
# not the internal ones (H5T_..., H5T__...), and the variables behind macros (H5T_NATIVE_INT).
# The executable is not position-independent: after its link the addresses are constants.  In
# another program they would be wrong, so the library needs a name of the executable's alone.
hdf5_names() {
    nm --extern-only --defined-only --format=posix "$1" | awk '
        function add(type, size) {
            print ".globl " $1 "\n.type " $1 ", %" type
            print ".set " $1 ", 0x" $3 "\n.size " $1 ", 0x" size
            found = 1
        }
        $1 ~ /^H5[A-Z]?[A-Z]?[a-z][A-Za-z0-9_]*$/ && $2 ~ /[TW]/ { add("function", 0) }
        $1 ~ /^H5[A-Z]*_[A-Za-z0-9_]+_g$/ && $2 ~ /[BDR]/ { add("object", $4) }
        END {
            print ".section .data.rel.ro, \"aw\", %progbits\n.quad _PyHpcpy_hdf5"
            print ".section .note.GNU-stack, \"\", %progbits"
            exit !found # a stripped executable has none
        }'
}

hdf5_library() {
    gcc -shared -nostdlib -Wl,-z,noexecstack -Wl,--no-as-needed -Wl,-soname,"${1##*/}" -o "$@"
}

# hdf5_libraries EXECUTABLE FOLDER: those for an executable that still has its symbols.
hdf5_libraries() {
    hdf5_names "$1" >libhdf5.S
    hdf5_library "$2/libhdf5.so" libhdf5.S
    for soname in $hdf5_sonames; do
        hdf5_library "$2/$soname" "$2/libhdf5.so"
    done
    strip --strip-unneeded "$2"/libhdf5*
}

hdf5_plugins_linked() {
    hdf5_libraries "$OUT$PREFIX/bin/python$version" "$staged/site-packages/h5py"
}
