# What every recipe may rely on; sourced, POSIX sh.
#
#   PREFIX     where the interpreter will live: the same path in every image
#   OUT        the staged root that the recipe fills; all else is thrown away
#   MATERIALS  the sources, wheels, packages and trees of this part, read-only
#   JOBS       compilers at once
# shellcheck shell=sh disable=SC2034
set -eu

PREFIX=/opt/hpcpy
MATERIALS=$CONTEXT/$PART
JOBS=$(nproc)
# dash runs configure and libtool, which are mostly shell and would look for bash.
export CONFIG_SHELL=/bin/sh

# Debian's name for the architecture, after which its library folders are named.
MULTIARCH=$(gcc -print-multiarch)

# The oldest level of x86-64 that a current centre still has.  No contraction: a fused
# multiply-add changes the last bit and so the answers.
PORTABLE="-O2 -march=x86-64-v2 -ffp-contract=off"
HARDENED="-fstack-protector-strong -D_FORTIFY_SOURCE=2"
HARDENED_LINK="-Wl,-z,relro,-z,now"

# unpack NAME: the source tarball of that name, into the working folder.
unpack() {
    tar -xf "$MATERIALS/$1".tar.* --strip-components=1 --no-same-owner
}

# apply_patches FOLDER: the patches of this part, recipes/patches/$PART, to its source.  Not
# those of packages that a small image does not have: of a folder that is not there.
apply_patches() {
    for change in "$MATERIALS/recipes/patches/$PART"/*.patch; do
        changed=$(sed -n 's#^+++ b/\([^/]*\).*#\1#p' "$change" | head -n 1)
        if [ -e "$1/$changed" ]; then
            patch --no-backup-if-mismatch -d "$1" -p1 <"$change"
        fi
    done
}

# patch_copies FROM TO PATCH…: the files that patches change are copied, and the copies
# patched.
patch_copies() {
    from=$1 to=$2
    shift 2
    for change in "$@"; do
        sed -n 's#^+++ b/##p' "$change" | while read -r changed; do
            mkdir -p "$to/$(dirname "$changed")"
            [ -e "$to/$changed" ] || cp "$from/$changed" "$to/$changed"
        done
        patch --no-backup-if-mismatch -d "$to" -p1 <"$change"
    done
}

# compile_all FOLDER: bytecode that never asks its source's time, in one
# process and sorted, so that two builds write the same bytes.
compile_all() {
    find "$1" -name __pycache__ -prune -exec rm -rf {} +
    "$PREFIX/bin/python3" -m compileall -q -j 1 \
        --invalidation-mode unchecked-hash -s "$OUT" -p / "$1"
}

# drop_tests FOLDER: packages' own test suites, which no run needs.
drop_tests() {
    find "$1" -depth -type d \( -name tests -o -name test \) -exec rm -rf {} +
}

# strip_all FOLDER: debugging sections of programs and shared objects.
strip_all() {
    find "$1" -type f \( -name '*.so' -o -name '*.so.*' -o -path '*/bin/*' \) | while read -r file; do
        case $(head -c 4 "$file" | tr -d '\0') in
            *ELF) strip --strip-unneeded "$file" ;;
        esac
    done
}
