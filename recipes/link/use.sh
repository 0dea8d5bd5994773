# For recipes of packages whose modules are linked into the interpreter; sourced
# after lib.sh.  See driver.py and collect.py beside this file.
# shellcheck shell=sh

link_tools=$MATERIALS/recipes/link

# link_setup: a venv with the wheels of this part for the package's build, and
# the compilers that link relocatably.  Modules that LINK_SHARED names by the
# last part of their names, a word each, stay shared objects.
link_setup() {
    # Without a pip of its own, and without bytecode of modules that are never imported.
    "$PREFIX/bin/python3" -m venv --system-site-packages --without-pip tools
    tools/bin/python3 -m pip --disable-pip-version-check install --no-index --no-deps --quiet \
        --no-compile --ignore-installed "$MATERIALS"/*.whl
    mkdir compilers
    for name in cc gcc c++ g++ gfortran; do
        printf '#!/bin/sh\n. %s/compiler.sh\n' "$link_tools" >"compilers/$name"
    done
    chmod +x compilers/*
    export LINK_TOOLS="$link_tools" LINK_OWN="$PWD" LINK_SHARED="${LINK_SHARED:-}"
    export PATH="$PWD/compilers:$PWD/tools/bin:$PATH"
    # Third-party libraries are static and lie apart from Debian's.
    export CPATH=/opt/deps/include LIBRARY_PATH=/opt/deps/lib
    export PKG_CONFIG_PATH=/opt/deps/lib/pkgconfig
}

# link_install FOLDER [OPTION…]: the package into $OUT, its modules to
# /opt/link/$PART; OPTIONs are pip's.
link_install() {
    folder=$1
    shift
    tools/bin/python3 -m pip --disable-pip-version-check install --no-index --no-deps \
        --no-build-isolation --no-compile --no-warn-script-location --ignore-installed \
        --root-user-action=ignore --root "$OUT" --prefix "$PREFIX" "$@" "./$folder"
    link_collect
}

# link_collect: the modules that are in $OUT to /opt/link/$PART.
link_collect() {
    "$PREFIX/bin/python3" -E -s -S "$link_tools/collect.py" \
        "$(echo "$OUT$PREFIX"/lib/python3.*/site-packages)" "$OUT/opt/link/$PART"
}
