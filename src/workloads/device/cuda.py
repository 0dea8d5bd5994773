"""Whether there is an NVIDIA GPU, kernels in CUDA C by CuPy, and MPI that sends from a GPU."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workloads.errors import UnavailableError
from workloads.parallel import launchers

NO_DEVICE = "run with --nv on a GPU node"
NO_NUMBA_CUDA = (
    "the package numba-cuda is not here: use the image hpcpy-cuda, or in a venv "
    "pip install 'numba-cuda[cu12]'"
)
NO_TOOLKIT = (
    "use the image hpcpy-cuda, or bind the site's CUDA toolkit and put its lib64 on LD_LIBRARY_PATH"
)
_NO_GPU_MPI = (
    "bind the site's GPU-aware MPI and put it on LD_LIBRARY_PATH, or copy to the host: array.get()"
)
# NVIDIA's compiler would fuse multiply and add.
_OPTIONS = ("-fmad=false",)
# Cray MPICH reads only this variable for it, when it starts.
_CRAY = "MPICH_GPU_SUPPORT_ENABLED"


def no_device() -> str:
    """Return why no CUDA kernel can run here, or an empty string; imports nothing."""
    # Numbered by card; under WSL there is one device for all.
    devices = Path("/dev")
    if any(devices.glob("nvidia[0-9]*")) or (devices / "dxg").exists():
        return ""
    return f"no CUDA device: {NO_DEVICE}"


def reason(failure: BaseException) -> str:
    """Return the first line of a message that is neither a heading nor empty."""
    lines = [line.strip() for line in str(failure).splitlines()]
    return next((line for line in lines if re.search(r"\w.*[^:]$", line)), type(failure).__name__)


def of_this_rank(count: int) -> int:
    """Return which of the `count` devices that this process sees it takes.

    Where the launcher gives each task its own (``srun --gpus-per-task=1``), that is one.
    """
    return (launchers.rank_on_node() or 0) % max(count, 1)


@functools.cache
def cupy_device() -> tuple[Any, str]:
    """Take this rank's device; return cupy and the device's name."""
    import cupy  # noqa: PLC0415

    try:
        number = of_this_rank(cupy.cuda.runtime.getDeviceCount())
        cupy.cuda.Device(number).use()
        device = cupy.cuda.runtime.getDeviceProperties(number)["name"].decode()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise UnavailableError(f"no CUDA device answers ({error})", hint=NO_DEVICE) from error
    return cupy, str(device)


@functools.cache
def cupy_kernel(source: str, name: str) -> tuple[Any, Any, str]:
    """Return cupy, the compiled kernel of that name, and the device's name."""
    cupy, device = cupy_device()
    kernel = cupy.RawKernel(source, name, options=_OPTIONS)
    try:
        kernel.compile()
    except RuntimeError as error:
        # The driver, which --nv brings, has no compiler for CUDA C.
        raise UnavailableError(f"CuPy cannot compile: {reason(error)}", hint=NO_TOOLKIT) from error
    return cupy, kernel, device


@contextlib.contextmanager
def cupy_libraries() -> Iterator[None]:
    """Raise an UnavailableError where cuBLAS or cuSOLVER is absent, or the memory too small."""
    try:
        yield
    except (ImportError, RuntimeError) as error:
        raise UnavailableError(f"CuPy has failed: {reason(error)}", hint=NO_TOOLKIT) from error
    except MemoryError as error:
        raise UnavailableError(
            f"CuPy has failed: {reason(error)}", hint="give a smaller -n, or fewer ranks to a GPU"
        ) from error


def require_gpu_aware(version: str) -> None:
    """Raise an UnavailableError unless the MPI library says that it sends from a GPU.

    Another one would read the address as host memory, and end the process with a
    segmentation fault.  `version` is what ``MPI.Get_library_version()`` returns.
    """
    name = " ".join(version.split()[:3]).rstrip(",")
    if "CRAY MPICH" in version.upper():
        if os.environ.get(_CRAY) != "1":
            raise UnavailableError(
                f"this MPI library ({name}) does not send from a GPU", hint=f"set {_CRAY}=1"
            )
        return
    # A function of MPICH and Open MPI.
    query = getattr(_library(), "MPIX_Query_cuda_support", None)
    if not (query and query()):
        raise UnavailableError(
            f"this MPI library ({name}) cannot send from a GPU", hint=_NO_GPU_MPI
        )


def _library() -> Any:
    """Return the MPI library that is loaded; None when its file is not known."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.partition("/")[2]
        if path.rpartition("/")[2].startswith("libmpi"):
            return ctypes.CDLL(f"/{path}")
    return None
