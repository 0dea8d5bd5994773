#!/bin/sh
# Scientists' packages from their projects' wheels.  No bytecode: the image bakes all
# modules (containers/baked).
# shellcheck source=recipes/packages.sh
. "$CONTEXT/recipes/packages.sh"

install_wheels
# What auditwheel has put beside a package has been through patchelf, after which
# strip is not safe.
for folder in "$site"/*/; do
    case $folder in
        *.libs/) ;;
        *) strip_all "$folder" ;;
    esac
done
