#!/bin/sh
# Hydra, MPICH's mpiexec, as a part of its own: compiling it takes half a minute, MPICH
# ten times as long.  With the old C library: the interpreter as one file has it, too.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

unpack mpich
cd src/pm/hydra
apply_patches .
./configure --prefix=/opt/mpich --with-hwloc=embedded --enable-fast=O2,ndebug \
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
