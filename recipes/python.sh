#!/bin/sh
# CPython as its release branch has it, with the base image's shared libraries.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/python_source.sh
. "$CONTEXT/recipes/python_source.sh"

unpack_python

# The flags are passed as *_NODIST: sysconfig gives CFLAGS to every extension
# that a user builds, and these are not for them.  _tkinter would pull in X11.
# readline's editor is libedit, since GNU readline's licence would bind the whole
# interpreter.
./configure --prefix="$PREFIX" --enable-optimizations --disable-test-modules \
    --without-static-libpython --with-readline=editline --with-ensurepip=install \
    CFLAGS_NODIST="$PORTABLE $HARDENED" LDFLAGS_NODIST="$HARDENED_LINK" \
    py_cv_module__tkinter=n/a
make_python
make install DESTDIR="$OUT"

cd "$OUT$PREFIX"
rm -rf lib/python3.*/idlelib lib/python3.*/turtledemo lib/python3.*/tkinter \
    lib/pkgconfig share bin/idle3*
ln -s python3 bin/python
ln -sf pip3 bin/pip
strip_all .
# Only the installed interpreter can compile what lies below its own prefix.
cp -a "$OUT/opt/." /opt/
compile_all "$OUT$PREFIX/lib"
