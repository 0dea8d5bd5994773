# Static archives of Debian packages, only for the interpreter's link; sourced
# after lib.sh.
# shellcheck shell=sh

DEPS=/opt/deps

for package in "$MATERIALS"/*.deb; do
    dpkg-deb --extract "$package" root
done
mkdir -p "$OUT$DEPS/include" "$OUT$DEPS/lib" "$OUT$DEPS/share"
# The licences have to go along with the executable.
cp -R root/usr/share/doc "$OUT$DEPS/share/"
find "$OUT$DEPS/share/doc" -type f ! -name copyright -delete

# take_archives FOLDER ARCHIVE…: from a folder below Debian's library folder.
take_archives() {
    from=root/usr/lib/$MULTIARCH/$1
    shift
    for archive in "$@"; do
        cp -L "$from/$archive" "$OUT$DEPS/lib/"
    done
}
