# Stands in for gcc, g++, gfortran …: a script of that name, first on PATH, sources it.
# See driver.py.  A command that only compiles goes straight to the compiler, since a
# Python for each of numpy's 600 files would cost half a minute.  -g0: debugging data is
# taken out of the modules anyway.
# shellcheck shell=sh
name=${0##*/}
case " $* " in
    *" -c "* | *" -E "*) exec "/usr/bin/$name" "$@" -g0 ;;
esac
exec /opt/hpcpy/bin/python3 -E -s -S "$LINK_TOOLS/driver.py" "/usr/bin/$name" "$@"
