"""Numba for CUDA: its device, its compiler, and its own ways to fail."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from workloads.bench import jit
from workloads.device.cuda import NO_DEVICE, NO_TOOLKIT, of_this_rank, reason
from workloads.errors import UnavailableError


def _part(name: str) -> Any:
    """Return a part of Numba, through `jit`, which must be imported before numba."""
    try:
        return jit.submodule(name)
    except RuntimeError as failure:
        # numba-cuda opens the toolkit's libcudart when it is imported.
        raise UnavailableError(
            f"numba-cuda cannot be loaded ({reason(failure)})", hint=NO_TOOLKIT
        ) from failure


cuda = _part("cuda")
libdevice = _part("cuda.libdevice")
_error = _part("cuda.cudadrv.error")

# It warns of kernels that are too small for the device, such as the warm-up's.
warnings.filterwarnings("ignore", ".*Grid size")


def device() -> str:
    """Take this rank's device and return its name.

    Raises
    ------
    UnavailableError
        When there is none.
    """
    try:
        name = cuda.select_device(of_this_rank(len(cuda.gpus))).name
    except _error.CudaSupportError as failure:
        raise UnavailableError(
            f"no CUDA device answers ({reason(failure)})", hint=NO_DEVICE
        ) from failure
    return name.decode() if isinstance(name, bytes) else str(name)


@contextlib.contextmanager
def compilation() -> Iterator[None]:
    """Have numba-cuda compile with this NumPy, or say in one line that it cannot.

    Raises
    ------
    UnavailableError
        Without the compiler's libraries, and for a NumPy that numba-cuda
        does not know.
    """
    try:
        with _what_numpy_had():
            yield
    except AttributeError as failure:
        # numba-cuda names functions of NumPy that a newer NumPy has dropped.
        raise UnavailableError(
            f"numba-cuda cannot compile ({failure})", hint="pip install an older numpy beside it"
        ) from failure
    except (ImportError, RuntimeError) as failure:
        raise UnavailableError(
            f"numba-cuda cannot compile ({reason(failure)})", hint=NO_TOOLKIT
        ) from failure


@contextlib.contextmanager
def _what_numpy_had() -> Iterator[None]:
    """Give NumPy its `row_stack` back while numba-cuda imports its module on arrays.

    That is when the first kernel is compiled: the module registers `row_stack`,
    which NumPy 2.5 has dropped. numba-cuda 0.30 is not going to follow.
    """
    if hasattr(np, "row_stack"):
        yield
        return

    # A function of its own, as vstack itself has been registered already.
    def row_stack(arrays: Sequence[Any]) -> Any:
        return np.vstack(arrays)

    np.row_stack = row_stack
    try:
        yield
    finally:
        del np.row_stack
