#!/bin/sh
# The interpreter as one file for the host's own C library (docs/how-to/standalone.md): the objects
# of the image's, linked once more, with all that it reads.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

source=$MATERIALS/recipes/standalone
old=/opt/deps/old
version=$(echo "$PREFIX"/lib/python3.*)
version=${version##*/python}
fabric=/usr/lib/$MULTIARCH/libfabric.so.1
library=$PREFIX/lib/python$version
# shellcheck source=recipes/interpreter/executable.sh
. "$MATERIALS/recipes/interpreter/executable.sh"
take_linked /opt/link/interpreter
# shellcheck source=src/interp/features/hdf5_plugins/build.sh
. "$MATERIALS/src/interp/features/hdf5_plugins/build.sh"
python() { "$PREFIX/bin/python3" -I -B -S "$@"; }

# The image's LLVM names the paths of Debian's libraries: here the loader looks for them.
mkdir patchelf
dpkg-deb -x "$MATERIALS"/patchelf_*.deb patchelf
llvm=site-packages/llvmlite/binding/libllvmlite.so
cp "$library/$llvm" libllvmlite.so
for path in $(patchelf/usr/bin/patchelf --print-needed libllvmlite.so | grep /); do
    patchelf/usr/bin/patchelf --replace-needed "$path" "${path##*/}" libllvmlite.so
done
# Its MPI finds libfabric beside it.
cp /opt/mpich/lib/libmpi.so.12 .
# shellcheck disable=SC2016  # the loader's variable
patchelf/usr/bin/patchelf --set-rpath '$ORIGIN' libmpi.so.12

# libm is linked in, and for all libraries of the process: a result's last bit would hang on
# the host's.
# shellcheck disable=SC2086  # lists of words
gcc -std=gnu11 -Wall -Wextra $PORTABLE -fno-pie -c "$source"/*.c
# C99's functions; those of other types, and nan(), are libm.so.6's alone.
readelf --dyn-syms --wide $old/libm.so.6 |
    awk '$8 ~ /@@GLIBC_2\./ { sub(/@.*/, "", $8); print $8 }' |
    grep -Ev '^_|f(32|64|128)x?|^nan|^signgam|payload|total|signaling' >names.txt
for name in scalbn frexp ldexp; do
    set -- "$@" --redefine-sym "__$name=$name" --redefine-sym "__${name}f=${name}f" \
        --redefine-sym "__${name}l=${name}l"
done
objcopy "$@" "$(echo "/usr/lib/$MULTIARCH"/libm-2.*.a)" libm.a
libraries="$libraries libm.a $(sed 's/^/-Wl,-u,/' names.txt)"
sed -i "s/ };\$/ $(sed 's/$/;/' names.txt | tr '\n' ' ')};/" exports

link_first="-Wl,--wrap=main,--wrap=X509_get_default_cert_file \
    -Wl,--whole-archive $old/libold.a -Wl,--no-whole-archive"
# By their paths, in which the host's loader writes its own name of the folder for $LIB: it looks
# for a name alone at up to 40 places of each folder of LD_LIBRARY_PATH.  libc.so.6, of which the
# versions are asked, is then there already.  Before 2.34 it was these five.
needed=
for name in libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 libc.so.6; do
    gcc -shared -nostdlib -Wl,-soname,"/\$LIB/$name" -o "$name" -x c /dev/null
    needed="$needed ./$name"
done
link_libc="-Wl,--no-as-needed $needed $old/libc.so.6 \
    -Wl,--as-needed /usr/lib/$MULTIARCH/libc_nonshared.a $(echo $old/ld-linux-*.so.*)"
# The files come behind all else, and leave its addresses: functions and HDF5's names.
link_options="$link_options -Wl,-T,$source/files.ld"
link draft
python "$MATERIALS/recipes/interpreter/functions.py" draft map.txt functions.xz
mkdir h5py
hdf5_libraries draft h5py
python "$source/files.py" files.pack "$library" "$library/$llvm=libllvmlite.so" \
    "$library/site-packages/h5py=h5py" \
    "$PREFIX/lib/hpcpy" "$PREFIX/lib/hpcpy/functions.xz=functions.xz" \
    "$PREFIX/share" "$PREFIX/share/hpcpy/image.json=$MATERIALS/image.json" \
    "$PREFIX/share/hpcpy/tool=$MATERIALS/tool" \
    "$PREFIX/share/hpcpy/tool/src/hpcpy/pack/launcher/run=/opt/pack/run" \
    /usr/share/doc=/opt/deps/share/doc /usr/share/doc=/opt/link/interpreter/doc \
    /opt/mpich/lib/libmpi.so.12=libmpi.so.12 "/opt/mpich/lib/libfabric.so.1=$fabric" \
    /opt/mpich/bin/mpiexec.hydra /opt/mpich/bin/hydra_pmi_proxy /opt/mpich/share
gcc -c "$source/files.S" -o files.S.o
link hpcpy-python
hdf5_names hpcpy-python | cmp - libhdf5.S
# libm.c's resolver comes before those of libm.
resolver=$(nm hpcpy-python | sed -n 's/^0*\(.*\) i hpcpy_look_first$/\1/p')
[ -z "$resolver" ] || readelf --relocs --wide hpcpy-python | grep -m 1 IRELATIV | grep " $resolver\$"
strip --strip-unneeded hpcpy-python
# Weak symbols: recipes/hydra.sh.
if readelf --version-info --dyn-syms --wide hpcpy-python libmpi.so.12 "$fabric" \
    /opt/mpich/bin/mpiexec.hydra /opt/mpich/bin/hydra_pmi_proxy |
    grep -E 'GLIBC_2\.(29|[3-9][0-9])|WEAK .* UND pthread_.*_np@'; then
    echo "it needs a newer glibc than 2.28" >&2
    exit 1
fi
./hpcpy-python -m hpcpy_info --check
mv hpcpy-python "$OUT/"

# What the SBOM is made from: the packages' metadata and NVIDIA's headers that numba brings,
# and no package of Debian's.
about=$OUT/about
mkdir -p "$about/site-packages" "$about/etc" "$about/var/lib/dpkg"
cd "$library/site-packages"
cp -R --parents ./*.dist-info numba/cuda/*.h* "$about/site-packages/"
cp -L /etc/os-release "$about/etc/os-release"
: >"$about/var/lib/dpkg/status"
