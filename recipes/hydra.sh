#!/bin/sh
# Hydra, MPICH's mpiexec, as a part of its own: compiling it takes half a minute, MPICH
# ten times as long.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/old_libc/check.sh
. /opt/deps/old/check.sh

unpack mpich
cd src/pm/hydra
apply_patches .
./configure --prefix=/opt/mpich --with-hwloc=embedded --enable-fast=O2,ndebug \
    CFLAGS="$PORTABLE $HARDENED" LDFLAGS="$HARDENED_LINK"
make -j "$JOBS"
make install DESTDIR="$PWD/all"
mkdir -p "$OUT/opt/mpich/bin"
for program in mpiexec.hydra hydra_pmi_proxy hydra_nameserver; do
    install -m 755 "all/opt/mpich/bin/$program" "$OUT/opt/mpich/bin/"
done
ln -s mpiexec.hydra "$OUT/opt/mpich/bin/mpiexec"
ln -s mpiexec.hydra "$OUT/opt/mpich/bin/mpirun"
# Once more for the interpreter as one file, which runs on a host's own C library.
rm mpiexec.hydra hydra_pmi_proxy
old=/opt/deps/old
make mpiexec.hydra hydra_pmi_proxy \
    LIBS="-L$old $(sed -n 's/^LIBS = //p' Makefile) $old/libold.a"
needs_only_old mpiexec.hydra hydra_pmi_proxy
install -D -m 755 -t "$OUT/opt/link/mpich/bin" mpiexec.hydra hydra_pmi_proxy
strip_all "$OUT/opt/mpich"
install -D -m 644 ../../../modules/hwloc/COPYING "$OUT/opt/mpich/share/licenses/hwloc"
strip_all "$OUT/opt/link/mpich"
