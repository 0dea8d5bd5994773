#!/bin/sh
# CPython with all its own modules built in: the parts of the one executable are built
# with it, and the executable takes its library.  This program itself uses Debian's
# shared libraries; the executable, the archives of the same packages.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"
# shellcheck source=recipes/python_source.sh
. "$CONTEXT/recipes/python_source.sh"

unpack_python
# Those of this minor release: another one without any ends here.
series=$(sed -n 's/^VERSION=//p' configure)
(PART=$PART/$series && apply_patches .)

# sysconfig gives users' builds all flags of configure, and the executable's are not for
# them: so the compiler is wrapped.  Each function and each variable has a section, so
# that the link can put those that a start needs beside each other.  -g0: debugging
# data would be stripped below.
mkdir compilers
cat >compilers/gcc <<'END'
#!/bin/sh
exec /usr/bin/gcc -fno-pie -no-pie -ffunction-sections -fdata-sections "$@" -g0
END
chmod +x compilers/gcc
export PATH="$PWD/compilers:$PATH"
# libffi is the one library that is not Debian's.
export CPATH=/opt/deps/include LIBRARY_PATH=/opt/deps/lib PKG_CONFIG_PATH=/opt/deps/lib/pkgconfig
# An archive does not name the libraries that it needs; pkg-config does.
export PKG_CONFIG="/usr/bin/pkg-config --static"

# mimalloc, which is only for PYTHONMALLOC and free threading, reads a file at
# each start.  _tkinter would pull in X11.  CC and CXX are names without a folder:
# otherwise users' extensions would be linked by the wrapper's path.
MODULE_BUILDTYPE=static ./configure --prefix="$PREFIX" --disable-shared --enable-optimizations \
    --enable-loadable-sqlite-extensions --disable-test-modules --without-mimalloc \
    --with-system-expat --with-readline=editline --with-ensurepip=install \
    CC=gcc CXX=g++ CFLAGS_NODIST="$PORTABLE $HARDENED" LDFLAGS_NODIST="$HARDENED_LINK" \
    LIBEDIT_LIBS="-ledit -lncursesw -ltinfo -lbsd -lmd" py_cv_module__tkinter=n/a

make_python
# Bytecode at three levels of optimisation would take a minute, and is removed below.
make install DESTDIR="$OUT" COMPILEALL_OPTS=-l

# libpython.a lacks the libraries that CPython brings along.
cp Modules/_hacl/*.a Modules/_decimal/libmpdec/libmpdec.a \
    "$OUT$PREFIX"/lib/python3.*/config-3*/

source=$PWD
cd "$OUT$PREFIX"
strip --strip-debug lib/python3.*/config-3*/*.a
rm -rf lib/python3.*/idlelib lib/python3.*/turtledemo lib/python3.*/tkinter \
    lib/libpython3* lib/pkgconfig share bin/idle3*
# The licences of others' code in it: libmpdec's and more, and that of the hashes.
install -D -m 644 "$source/Doc/license.rst" share/licenses/python/license.rst
mkdir share/licenses/hacl-star
sed '/\*\//q' "$source/Modules/_hacl/Hacl_Hash_SHA2.c" >share/licenses/hacl-star/LICENSE
# The interpreter has all code in memory.
find lib -name __pycache__ -prune -exec rm -rf {} +
ln -s python3 bin/python
ln -sf pip3 bin/pip
strip_all .
