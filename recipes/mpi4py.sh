#!/bin/sh
# mpi4py from its sdist, its module as an object for the interpreter.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/link/use.sh
. "$MATERIALS/recipes/link/use.sh"

link_setup
mkdir mpi4py
tar -xf "$MATERIALS"/mpi4py.tar.* -C mpi4py --strip-components=1 --no-same-owner
patch -p1 -d mpi4py <"$MATERIALS/recipes/patches/mpi4py-slots.patch"

# Its set-up links a program with MPI to see that there is one, by a compiler of
# this name; the module is to be linked with none.
cat >compilers/mpicc <<'END'
#!/bin/sh
case " $* " in
    *" -shared "*) exec gcc "$@" ;;
esac
exec gcc "$@" -L/opt/mpich/lib -lmpi
END
chmod +x compilers/mpicc

# For every library of MPICH's binary interface, older and newer than the headers.
export CFLAGS="$PORTABLE $HARDENED" MPI4PY_BUILD_MPIABI=1
link_install mpi4py
