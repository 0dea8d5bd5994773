#!/bin/sh
# libopenblas with LAPACK: numpy's linear algebra, one set of kernels a family of
# processors, chosen at run time.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack openblas
blas() {
    make MAKE_NB_JOBS="$JOBS" TARGET=PRESCOTT DYNAMIC_ARCH=1 \
        DYNAMIC_LIST="NEHALEM HASWELL ZEN SKYLAKEX COOPERLAKE SAPPHIRERAPIDS" \
        NUM_THREADS=128 USE_OPENMP=0 NO_AFFINITY=1 NO_LAPACKE=1 NO_SHARED=1 NEED_PIC=0 "$@"
}
FFLAGS="$PORTABLE -frecursive -fno-pie"
export FFLAGS
blas libs

# LAPACK's routines but for those that OpenBLAS has faster ones of.
mkdir lapack-netlib
(cd lapack-netlib && unpack lapack && cp make.inc.example make.inc)
make -C lapack-netlib/SRC -j "$JOBS" FFLAGS="$FFLAGS" FFLAGS_NOOPT="$FFLAGS -O0"
nm -A -g --defined-only libopenblas.a lapack-netlib/liblapack.a 2>nm.log |
    awk -F '[: ]' '/^libopenblas/ { own[$NF] } /liblapack/ && $NF in own { print $2 }' |
    sort -u | xargs ar d lapack-netlib/liblapack.a
printf '%s\n' "open libopenblas.a" "addlib lapack-netlib/liblapack.a" save end | ar -M

blas install PREFIX="$DEPS" DESTDIR="$OUT"
mv lapack-netlib/LICENSE LICENSE.lapack
keep LICENSE LICENSE.lapack
