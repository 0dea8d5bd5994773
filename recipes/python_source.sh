#!/bin/sh
# shellcheck shell=sh

# unpack_python: the source of CPython with all fixes of its release branch that can be had,
# into the working folder.
unpack_python() {
    unpack python
    # Debian's configure.ac differs for iOS and for shared curses alone, so configure stays.  The
    # second file takes the "+" from the version, which packaging before 24.1 refuses.
    tar -xf "$MATERIALS"/python-branch.tar.* debian/patches
    for change in git-updates patchlevel-noplus; do
        patch -s --no-backup-if-mismatch -p1 <"debian/patches/$change.diff"
    done
    rm -r debian
    # Fixes that came later.
    for change in "$MATERIALS"/recipes/patches/python/*.patch; do
        patch --no-backup-if-mismatch -p1 <"$change"
    done
}

# make_python: after `./configure --enable-optimizations`.  CPython is compiled twice: the first
# program counts its branches in the training, and the second one's compiler knows these counts.
# At fixed addresses, without what was counted before: two builds have the same bytes.
make_python() {
    make -j "$JOBS" profile-gen-stamp
    find . -name '*.gcda' -delete
    setarch -R ./python "$MATERIALS/recipes/cpython/training.py"
    make clean-retain-profile
    touch profile-run-stamp
    make -j "$JOBS"
}
