# All that stands in for gcc, g++, gfortran … does, sourced by a script of that
# name, first on PATH: see driver.py.  What only compiles goes straight on, since
# a Python for each of numpy's 600 files would cost half a minute.
# shellcheck shell=sh
name=${0##*/}
case " $* " in
    *" -c "* | *" -E "*) exec "/usr/bin/$name" "$@" ;;
esac
exec /opt/hpcpy/bin/python3 -E -s -S "$LINK_TOOLS/driver.py" "/usr/bin/$name" "$@"
