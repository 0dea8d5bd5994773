#!/bin/sh
# numba-cuda and NVIDIA's own Python packages below it, from their wheels.  No
# bytecode: hpcpy-cuda bakes all modules (containers/baked).
# shellcheck source=recipes/packages.sh
. "$CONTEXT/recipes/packages.sh"

install_wheels
apply_patches "$site"
# cuda-core's modules and numba-cuda's headers are there for CUDA 12 and for 13.
rm -r "$site/cuda/core/cu13" "$site/numba_cuda/numba/cuda/include/13"
strip_all "$site"
