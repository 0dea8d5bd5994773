# needs_only_old FILE…: end the build if one needs a newer glibc than 2.28; sourced.
# shellcheck shell=sh
needs_only_old() {
    if readelf --version-info --wide "$@" | grep -E 'GLIBC_2\.(29|[3-9][0-9])'; then
        echo "$*: needs a newer glibc than 2.28" >&2
        exit 1
    fi
}
