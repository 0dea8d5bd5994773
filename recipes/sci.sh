#!/bin/sh
# Scientists' packages from their projects' wheels.  No bytecode: the image bakes all
# modules (containers/baked).
# shellcheck source=recipes/packages.sh
. "$CONTEXT/recipes/packages.sh"

install_wheels
strip_packages
