#!/bin/sh
# MPICH: libmpi.so.12 below /opt/mpich, which is the image's, and with PMIx once more
# below /opt/mpich/pmix.  Its mpiexec is the part hydra.  Both need libfabric.so.1, which lies
# in the system's folder, and in the loader's cache: there hooks look for what they replace by
# the host's (docs/how-to/mpi.md).
#
# Not below the Python prefix: mpi4py would look there before LD_LIBRARY_PATH,
# and a site's own MPI could not take its place.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

unpack mpich
apply_patches .
# Its test suite asks for a Python, which the builder does not have.
rm -r test/mpi
# These tests are bash's, and dash would take them for failed.
sed -i '/test /s/ == / = /g' configure src/mpi/romio/configure
# libfabric comes with the source.  It is a library of its own, so that a site's can take its
# place.  With dlopen, it would look for more providers, 100 path calls at each start.  Of its
# providers, sockets stays, as ranks of two nodes use it; shm would take SIGTERM, and tcp gives
# wrong data (patches/mpi/tcp.patch).
# With the old C library: the interpreter as one file has these very libraries.
fabric=$PWD/fabric
(
    cd modules/libfabric
    ./configure --prefix="$fabric" --libdir="$fabric/lib" --disable-static --with-dlopen=no \
        --disable-shm --disable-tcp --disable-udp --disable-rxd --disable-rxm --disable-mrail \
        --disable-psm3 --disable-perf --disable-hook_debug --disable-rstream \
        CFLAGS="$PORTABLE $HARDENED" LDFLAGS="-L/opt/deps/old $HARDENED_LINK"
    make -j "$JOBS"
    make install
)
# libtool would note this folder in what it links.
rm "$fabric/lib/libfabric.la"
# The default datatype engine is 108 MB of generated C.  hwloc would read the node's
# hardware from /sys, 200 path calls in each MPI_Init; what is lost: docs/how-to/mpi.md.
./configure --prefix=/opt/mpich \
    --with-device=ch4:ofi --with-libfabric="$fabric" --with-hwloc=no \
    --with-datatype-engine=dataloop --with-pm=no --enable-romio \
    --enable-shared --disable-static --disable-fortran --disable-cxx \
    --disable-wrapper-rpath --disable-doc --enable-fast=O2,ndebug \
    MPICHLIB_CFLAGS="$PORTABLE $HARDENED" LDFLAGS="-L/opt/deps/old $HARDENED_LINK"
# No program gets a path to the library, by libtool's option or by LD_RUN_PATH.
sed -i -e 's/^hardcode_libdir_flag_spec=.*/hardcode_libdir_flag_spec=""/' \
    -e 's/^runpath_var=.*/runpath_var=NONE/' libtool
# The compiler reads MPICH's headers once, and not for each of 700 files.
compiler=$(make -n V=1 src/binding/c/pt2pt/send.lo |
    sed -n 's/.*mode=compile \(gcc.*\) -MT .*/\1/p')
# shellcheck disable=SC2086  # a list of words
$compiler -fPIC -DPIC -x c-header src/include/mpiimpl.h -o src/include/mpiimpl.h.gch
make -j "$JOBS"
make install DESTDIR="$PWD/all"

# Which of PMI and PMIx the library speaks is decided when two of its files are
# compiled: src/interp/mpi/mpi_search.c chooses one of the two libraries.
for package in "$MATERIALS"/*.deb; do
    dpkg-deb --extract "$package" debian
done
libraries=usr/lib/$MULTIARCH
rm src/include/mpiimpl.h.gch
sed -i '1i #define USE_PMIX_API 1' src/util/mpir_pmi.c src/nameserv/pmi/pmi_nameserv.c
CPATH=$PWD/debian/$libraries/pmix2/include LIBRARY_PATH=$PWD/debian/$libraries \
    make lib/libmpi.la LIBS="-lpmix $(sed -n 's/^LIBS = //p' Makefile)"

pmix=$PWD/pmix
mkdir "$pmix"
cp -a lib/.libs/libmpi.so.* "$pmix/"

mkdir -p "$OUT/opt/mpich/bin" "$OUT/opt/mpich/lib" "$OUT/opt/mpich/share/licenses" \
    "$OUT/etc/ld.so.conf.d" "$OUT/$libraries"
cp -a "$fabric"/lib/libfabric.so.1* "$OUT/$libraries/"
cp -a all/opt/mpich/lib/libmpi.so* "$OUT/opt/mpich/lib/"
for program in mpichversion mpivars; do
    install -m 755 "all/opt/mpich/bin/$program" "$OUT/opt/mpich/bin/"
done
mkdir -p "$OUT/opt/mpich/pmix/lib" "$OUT/$libraries/pmix2/lib/pmix"
cp -a "$pmix"/libmpi.so.* "$OUT/opt/mpich/pmix/lib/"
# PMIx's libraries stay on their paths, by which its plugins are found.
(cd "debian/$libraries" && cp -a --parents ./*.so.* pmix2/lib/*.so.* pmix2/lib/pmix/*.so \
    "$OUT/$libraries/")
for copyright in debian/usr/share/doc/lib*/copyright; do
    install -D -m 644 "$copyright" "$OUT/${copyright#debian/}"
done
strip_all "$OUT/opt/mpich"
strip --strip-unneeded "$OUT/$libraries"/libfabric.so.1.*
echo /opt/mpich/lib >"$OUT/etc/ld.so.conf.d/mpich.conf"
cp COPYRIGHT "$OUT/opt/mpich/share/licenses/mpich"
cp modules/libfabric/COPYING "$OUT/opt/mpich/share/licenses/libfabric"
cp modules/json-c/COPYING "$OUT/opt/mpich/share/licenses/json-c"
# As env/sources.toml says of them.
grep -qF 'AC_INIT([json-c], 0.13.99,' modules/json-c/configure.ac
grep -qF 'AC_INIT([libfabric], [1.13.1],' modules/libfabric/configure.ac
# The headers that mpi4py and h5py were compiled with are this library's.
for header in mpi.h mpi_proto.h mpio.h; do
    cmp "all/opt/mpich/include/$header" "/opt/deps/include/$header"
done
