#!/bin/sh
# mpi4py from its sdist, its module as an object for the interpreter: once for each
# ABI of MPI, of which a process takes one (src/interp/mpi/mpi.c).
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir mpi4py
tar -xf "$MATERIALS"/mpi4py.tar.* -C mpi4py --strip-components=1 --no-same-owner
apply_patches mpi4py

# Its set-up checks for MPI by linking a program with a compiler of this name.  There is
# no MPI here, and the module is to be linked with none.
cat >compilers/mpicc <<'END'
#!/bin/sh
case " $* " in
    *" -shared "*) exec gcc "$@" ;;
esac
exec gcc "$@" -Wl,--unresolved-symbols=ignore-all
END
chmod +x compilers/mpicc

# For every library of MPICH's ABI, older and newer than the headers.
export CFLAGS="$PORTABLE $HARDENED" MPI4PY_BUILD_MPIABI=1
link_install mpi4py

# The same source, with other headers: Open MPI's, behind one that takes its
# handles through pointers, and the MPI standard's own.  One file of 13 MB: -O1 takes
# 40 s, -Os 57, -O2 81.  -O2 saves 0.04 µs of a Sendrecv's 0.54.
other() {
    mkdir "$OUT/opt/link/mpi4py/$1"
    # shellcheck disable=SC2086  # lists of words
    gcc $PORTABLE -O1 $HARDENED -fno-pie -fwrapv -DNDEBUG -DPYMPIABI=1 \
        -I"$MATERIALS/recipes/interfaces/$1" -I"/opt/deps/mpi/$1" -Impi4py/src \
        -I"$(echo "$PREFIX"/include/python3.*)" -c mpi4py/src/mpi4py/MPI.c -o "$1.o"
    init=$1_PyInit_mpi4py__MPI
    objcopy --strip-debug --redefine-sym="PyInit_MPI=$init" --keep-global-symbol="$init" \
        "$1.o" "$OUT/opt/link/mpi4py/$1/MPI.o"
}
other openmpi &
other abi
wait $!
