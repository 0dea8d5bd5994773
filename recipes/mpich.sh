#!/bin/sh
# MPICH's libmpi.so.12 and hydra, from the wheel that its project publishes.
#
# Not below the Python prefix: mpi4py would look there before LD_LIBRARY_PATH,
# and a site's own MPI could not take its place.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

mkdir wheel
(cd wheel && unzip -q "$MATERIALS"/mpich-*.whl)
mkdir -p "$OUT/opt/mpich/bin" "$OUT/etc/ld.so.conf.d"
cp -a wheel/mpich-*.data/data/lib "$OUT/opt/mpich/"
# The compiler wrappers stay out, as the compilers do.
for program in mpiexec.hydra hydra_pmi_proxy hydra_nameserver mpichversion mpivars; do
    install -m 755 "wheel/mpich-"*".data/data/bin/$program" "$OUT/opt/mpich/bin/"
done
ln -s mpiexec.hydra "$OUT/opt/mpich/bin/mpiexec"
ln -s mpiexec.hydra "$OUT/opt/mpich/bin/mpirun"
echo /opt/mpich/lib >"$OUT/etc/ld.so.conf.d/mpich.conf"
mkdir -p "$OUT/opt/mpich/share/licenses"
cp wheel/mpich-*.dist-info/licenses/* "$OUT/opt/mpich/share/licenses/"
