#!/bin/sh
# The CUDA 12 libraries that CuPy and numba-cuda open, from NVIDIA's wheels, on
# the paths where both look for them.  Not stripped: the licence forbids it.
# shellcheck source=recipes/lib.sh
. "$CONTEXT/recipes/lib.sh"

site=$OUT$("$PREFIX/bin/python3" -c 'import site; print(site.getsitepackages()[0])')
"$PREFIX/bin/python3" "$MATERIALS/containers/cuda/unpack.py" "$MATERIALS/env/cuda.toml" \
    "$site" "$OUT$PREFIX/share/licenses/nvidia-cuda" "$MATERIALS"/nvidia_*.whl

# cuda-pathfinder finds the folder of headers by files of these two names.
for header in cuda_runtime.h cuda_device_runtime_api.h; do
    install -m 644 "$MATERIALS/containers/cuda/known_by_name.h" \
        "$site/nvidia/cuda_runtime/include/$header"
done
# CuPy's bfloat16 includes these; numba-cuda brings its own copies of them.
for header in cuda_bf16.h cuda_bf16.hpp; do
    ln -s "../../../numba_cuda/numba/cuda/include/12/$header" "$site/nvidia/cuda_runtime/include/"
done
# CuPy brings libcu++ (Apache-2.0 with LLVM's exception); numba-cuda's own
# kernels for memory include it, and look for it here.
mkdir "$site/nvidia/cuda_cccl"
ln -s ../../cupy/_core/include/cupy/_cccl/libcudacxx "$site/nvidia/cuda_cccl/include"
