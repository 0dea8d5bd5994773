#!/bin/sh
# For compiling against the image's own MPI: its headers, and the compilers' names that
# set-ups ask for.  They write no path of the library into programs, so that a site's can
# take its place.  None for Fortran, for which the library has no functions.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

mkdir -p "$OUT/opt/mpich/bin"
install -D -m 644 -t "$OUT/opt/mpich/include" /opt/deps/include/mpi*.h
# wrapper NAME COMPILER: with -show it prints its command, as MPICH's own do.
wrapper() {
    cat >"$OUT/opt/mpich/bin/$1" <<END
#!/bin/sh
if [ "\${1-}" = -show ]; then
    shift
    set -- echo $2 "\$@"
else
    set -- $2 "\$@"
fi
exec "\$@" -I/opt/mpich/include -L/opt/mpich/lib -lmpi
END
    chmod 755 "$OUT/opt/mpich/bin/$1"
}
wrapper mpicc gcc
wrapper mpicxx g++
ln -s mpicxx "$OUT/opt/mpich/bin/mpic++"
