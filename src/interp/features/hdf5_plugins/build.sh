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

hdf5_library() {
    gcc -shared -nostdlib -Wl,-z,noexecstack -Wl,--no-as-needed -Wl,-soname,"$1" \
        -o "$staged/site-packages/h5py/$1" "$2"
}

hdf5_plugins_linked() {
    python -m hdf5_names "$OUT$PREFIX/bin/python$version" >libhdf5.S
    hdf5_library libhdf5.so libhdf5.S
    for soname in $hdf5_sonames; do
        hdf5_library "$soname" "$staged/site-packages/h5py/libhdf5.so"
    done
    strip --strip-unneeded "$staged/site-packages/h5py"/libhdf5*
}
