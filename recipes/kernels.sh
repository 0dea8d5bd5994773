#!/bin/sh
# Compile the workloads' C, Cython and Fortran kernels with this machine's gcc.
#
#   kernels.sh PACKAGE    the folder of the package `workloads`, for example
#                         site-packages/workloads; the kernels of
#                         WORKLOAD/kernels become modules of workloads.WORKLOAD
#
# PYTHON names the interpreter they are for; it needs numpy and Cython. CFLAGS
# and FFLAGS are added to. Neither make nor meson is needed, and the modules
# need libc alone.
set -eu

package=$(CDPATH='' cd -- "${1:?usage: kernels.sh PACKAGE}" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

ask() { "$python" -c "import sysconfig, numpy; print($1)"; }
python_h=$(ask 'sysconfig.get_path("include")')
numpy_h=$(ask 'numpy.get_include()')
f2py_c=$(ask '__import__("numpy.f2py").f2py.get_include()')
suffix=$(ask 'sysconfig.get_config_var("EXT_SUFFIX")')

# Exact answers need -ffp-contract=off: gcc by default fuses a*b+c if the processor
# can, and area2 then differs in thousands of pixels.
exact="-O3 -ffp-contract=off -fPIC"
# shellcheck disable=SC2086  # lists of words
c() { gcc ${CFLAGS:-} $exact -fno-strict-aliasing -DNDEBUG -I. -I"$python_h" -I"$numpy_h" "$@"; }
# shellcheck disable=SC2086
fortran() { gfortran ${FFLAGS:-} $exact -std=f2008 -Wall "$@"; }
link() { gcc -shared -s "$@"; }

# What the compiler compiles for: vectors of which levels, and its instructions' names.
case $(gcc -dumpmachine) in
    x86_64-*)
        levels="x86-64-v2 x86-64-v3 x86-64-v4"
        fused_names='v?fn?m(add|sub)' product_names='v?mul[sp]?d?'
        ;;
    aarch64-*)
        levels=armv8-a
        fused_names='fn?m(add|sub|l[as])' product_names='fn?mul'
        ;;
    *)
        echo "kernels.sh: $(gcc -dumpmachine): its vectors are not known" >&2
        exit 1
        ;;
esac

# Fused, the answers would still be nearly right, so look at the instructions themselves.
nothing_fused() {
    for object in "$@"; do
        instructions=$(objdump --disassemble --no-show-raw-insn "$object")
        fused=$(printf '%s\n' "$instructions" | grep -Ec "\s($fused_names)" || true)
        products=$(printf '%s\n' "$instructions" | grep -Ec "\s($product_names)\s" || true)
        [ "$fused" = 0 ] && [ "$products" != 0 ] && continue
        echo "kernels.sh: $object: $fused fused multiply-adds, $products products" >&2
        return 1
    done
}

# enter WORKLOAD: its sources, copied and named without a folder: no path of this
# machine gets into the result, and the same sources give the same bytes.
enter() {
    mkdir "$work/$1"
    cd "$work/$1"
    cp "$package/$1"/kernels/* .
}

# cython WORKLOAD MODULE
cython() {
    "$python" -m cython -3 "$2.pyx" -o "$2.c"
    c -w -c "$2.c"
    nothing_fused "$2.o"
    link -o "$package/$1/$2$suffix" "$2.o"
}

# simd WORKLOAD SOURCE: once for each level; the module chooses at its start.
simd() {
    objects=
    for level in $levels; do
        name=${level##*-}
        c -Wall -Wextra "-march=$level" -DFILL="fill_$name" -c "$2.c" -o "$2_$name.o"
        objects="$objects $2_$name.o"
    done
    # shellcheck disable=SC2086
    nothing_fused $objects
    "$python" -m cython -3 _kernels_simd.pyx -o _kernels_simd.c
    c -w -c _kernels_simd.c
    # shellcheck disable=SC2086
    link -o "$package/$1/_kernels_simd$suffix" _kernels_simd.o $objects
}

enter mandel
cython mandel _kernels_cython
# f2py only writes the C wrapper here; its own build would ask for meson.
"$python" -m numpy.f2py --quiet --lower -m _kernels_f2py _kernels_f2py.f90
cp "$f2py_c/fortranobject.c" "$f2py_c/fortranobject.h" .
fortran -c _kernels_f2py.f90 -o fill.o
nothing_fused fill.o
c -w -c _kernels_f2pymodule.c fortranobject.c
link -o "$package/mandel/_kernels_f2py$suffix" _kernels_f2pymodule.o fortranobject.o fill.o
simd mandel escape_simd

enter pi
cython pi _kernels_cython

enter heat
cython heat _kernels_cython
