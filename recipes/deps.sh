# What the recipes of static libraries rely on, over lib.sh; sourced, POSIX sh.
#
#   DEPS       where these libraries lie in the builder; nothing of them but
#              what the linker takes gets into an image
# shellcheck shell=sh
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

DEPS=/opt/deps
# For one executable at a fixed address alone: no code that could be loaded
# elsewhere.  -fno-pie has to be said, Debian's gcc makes such code unasked.
CFLAGS="$PORTABLE $HARDENED -fno-pie"
CXXFLAGS=$CFLAGS
CPPFLAGS=-I$DEPS/include
LDFLAGS="-no-pie -L$DEPS/lib"
PKG_CONFIG_PATH=$DEPS/lib/pkgconfig
export CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PKG_CONFIG_PATH

# keep LICENCE...: of what is staged, only what a compiler and a linker read,
# and the texts that have to go along with the executable.
keep() {
    mkdir -p "$OUT$DEPS/share/licences/$PART"
    cp "$@" "$OUT$DEPS/share/licences/$PART/"
    find "$OUT$DEPS" -mindepth 1 -maxdepth 1 \
        ! -name include ! -name lib ! -name share -exec rm -rf {} +
    find "$OUT$DEPS/share" -mindepth 1 -maxdepth 1 ! -name licences -exec rm -rf {} +
    find "$OUT$DEPS/lib" -mindepth 1 -maxdepth 1 \
        ! -name '*.a' ! -name pkgconfig -exec rm -rf {} +
}
