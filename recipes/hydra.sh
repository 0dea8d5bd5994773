#!/bin/sh
# Hydra, MPICH's mpiexec, as a part of its own: it is compiled in a tenth of MPICH's time, and
# -O1 is enough for what starts processes.  With the old C library: the interpreter as one file
# has it, too.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

unpack mpich
cd src/pm/hydra
apply_patches .
# hwloc asks for these of pthread's as weak symbols.  Until 2.30 glibc's loader ends a program
# whose libc.so.6 lacks such a one; that of libpthread.so.0 does not count.
./configure --prefix=/opt/mpich --with-hwloc=embedded --enable-fast=O1,ndebug \
    ac_cv_have_decl_pthread_setaffinity_np=no ac_cv_have_decl_pthread_getaffinity_np=no \
    CFLAGS="$PORTABLE $HARDENED" LDFLAGS="-L/opt/deps/old $HARDENED_LINK"
make -j "$JOBS"
make install DESTDIR="$PWD/all"
mkdir -p "$OUT/opt/mpich/bin"
for program in mpiexec.hydra hydra_pmi_proxy hydra_nameserver; do
    install -m 755 "all/opt/mpich/bin/$program" "$OUT/opt/mpich/bin/"
done
ln -s mpiexec.hydra "$OUT/opt/mpich/bin/mpiexec"
ln -s mpiexec.hydra "$OUT/opt/mpich/bin/mpirun"
strip_all "$OUT/opt/mpich"
install -D -m 644 ../../../modules/hwloc/COPYING "$OUT/opt/mpich/share/licenses/hwloc"
