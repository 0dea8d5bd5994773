"""Whether there is an NVIDIA GPU, and kernels in CUDA C by CuPy."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workloads.bench import caches
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

# NVIDIA's compiler fuses multiply and add unless told not to.
_OPTIONS = ("-fmad=false",)


def no_device() -> str:
    """Return why no CUDA kernel can run here, or an empty string; imports nothing."""
    # Numbered by card; under WSL there is one device for all.
    devices = Path("/dev")
    if any(devices.glob("nvidia[0-9]*")) or (devices / "dxg").exists():
        return ""
    return f"no CUDA device: {NO_DEVICE}"


def reason(failure: BaseException) -> str:
    """Return the first line of a message that says something: neither a heading nor empty."""
    lines = [line.strip() for line in str(failure).splitlines()]
    telling = (line for line in lines if re.search(r"\w.*[^:]$", line))
    return next(telling, type(failure).__name__)


def of_this_rank(count: int) -> int:
    """Return which of a node's devices this process takes.

    Parameters
    ----------
    count
        How many it sees.  Where the launcher gives each task its own, as
        ``srun --gpus-per-task=1`` does, that is one.
    """
    return (launchers.rank_on_node() or 0) % max(count, 1)


@functools.cache
def cupy_device() -> tuple[Any, str]:
    """Take this rank's device; return cupy and the device's name.

    Raises
    ------
    UnavailableError
        When none answers.
    """
    if not caches.provide("CUPY_CACHE_DIR", "cupy"):
        os.environ["CUPY_CACHE_IN_MEMORY"] = "1"
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
    """Return cupy, the compiled kernel of that name, and the device's name.

    Raises
    ------
    UnavailableError
        When no device answers, or there is no compiler.
    """
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
    """Say in one line that cuBLAS or cuSOLVER cannot do it.

    Raises
    ------
    UnavailableError
        Where the toolkit is absent, as the driver does not have them, or the
        device's memory is too small.
    """
    try:
        yield
    except (ImportError, RuntimeError) as error:
        raise UnavailableError(f"CuPy has failed: {reason(error)}", hint=NO_TOOLKIT) from error
    except MemoryError as error:
        raise UnavailableError(
            f"CuPy has failed: {reason(error)}", hint="give a smaller -n, or fewer ranks to a GPU"
        ) from error
