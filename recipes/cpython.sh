#!/bin/sh
# CPython with all its own modules built in, against static libraries: what the
# parts of the one executable are built with, and its library.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack python
for patch in "$MATERIALS"/recipes/patches/cpython-*.patch; do
    patch -p1 <"$patch"
done

# sysconfig sets up every build of a user's extension, and is to know nothing of
# all this, PROFILE included: so not by flags.  gcc and configure find the static
# libraries by the environment; what is linked with them, configure's own tests
# too, must not be position-independent, as they are not.
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
export PROFILE=
export CPATH="$DEPS/include" LIBRARY_PATH="$DEPS/lib"
# A static library does not say what it needs itself; absolute, or configure
# looks for another.
export PKG_CONFIG="/usr/bin/pkg-config --static"
mkdir compilers
# Each function and each variable by itself, so that interpreter.sh can put those
# that a start needs beside each other.
SECTIONS="-ffunction-sections -fdata-sections"
# shellcheck disable=SC2016  # when it is called
printf '#!/bin/sh\nexec /usr/bin/gcc -fno-pie -no-pie %s $PROFILE "$@"\n' "$SECTIONS" >compilers/gcc
chmod +x compilers/gcc
export PATH="$PWD/compilers:$PATH"

# mimalloc, which is for PYTHONMALLOC and free threading alone, reads a file at
# each start.  _tkinter would pull in X11.  Compilers by their names, or
# extensions would be linked by this one's path.
MODULE_BUILDTYPE=static ./configure --prefix="$PREFIX" --disable-shared \
    --disable-test-modules --without-mimalloc --with-readline=editline --with-ensurepip=install \
    CC=gcc CXX=g++ CFLAGS_NODIST="$PORTABLE $HARDENED" LDFLAGS_NODIST="$HARDENED_LINK" \
    LIBEDIT_LIBS="-ledit -lncursesw" py_cv_module__tkinter=n/a

# Built twice, the second time by what the first one counts at some work: a start
# takes 6 % less, imports 6 to 8 %.  --enable-optimizations would run CPython's
# tests for it, for minutes, and never count the same twice; see train/.
train() (
    # Where this is unlimited, Python counts its recursion otherwise.
    # shellcheck disable=SC3045  # Debian's sh has it
    ulimit -s 8192
    env -i LD_PRELOAD=./addresses.so LC_ALL=C.UTF-8 PYTHONHASHSEED=0 \
        PYTHONHOME="$PWD" PYTHONPATH="$PWD/Lib" timeout 300 ./python -S "$@" </dev/null >/dev/null
)
PROFILE="-fprofile-generate -fprofile-update=single" make -j "$JOBS" python
# freeze_module ran, too, and some of its runs at the same time.
find . -name '*.gcda' -delete
/usr/bin/gcc -O2 -fno-builtin -fPIC -shared "$MATERIALS/recipes/train/addresses.c" -o addresses.so
for _ in 1 2 3 4 5 6 7 8 9 10; do
    train -c pass
done
train "$MATERIALS/recipes/train/start.py" "$PWD/Lib"
make clean-retain-profile
PROFILE="-fprofile-use -Wno-missing-profile" make -j "$JOBS"
# Bytecode at three levels of optimisation would take a minute, and goes below.
make install DESTDIR="$OUT" COMPILEALL_OPTS=-l

# libpython.a lacks the libraries that CPython brings along.
cp Modules/_hacl/*.a Modules/expat/libexpat.a Modules/_decimal/libmpdec/libmpdec.a \
    "$OUT$PREFIX"/lib/python3.*/config-3*/

cd "$OUT$PREFIX"
strip --strip-debug lib/python3.*/config-3*/*.a
rm -rf lib/python3.*/idlelib lib/python3.*/turtledemo lib/python3.*/tkinter \
    lib/libpython3* lib/pkgconfig share bin/idle3*
# The interpreter has all code in memory.
find lib -name __pycache__ -prune -exec rm -rf {} +
ln -s python3 bin/python
ln -sf pip3 bin/pip
strip_all .
