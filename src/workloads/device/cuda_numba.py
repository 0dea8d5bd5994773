"""Numba for CUDA: its device, its compiler, and its own ways to fail."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

# Before numba.
from workloads.bench import jit  # noqa: F401
from workloads.device.cuda import NO_DEVICE, NO_TOOLKIT, of_this_rank, reason
from workloads.errors import UnavailableError

try:
    cuda: Any = importlib.import_module("numba.cuda")
    libdevice: Any = importlib.import_module("numba.cuda.libdevice")
    _error: Any = importlib.import_module("numba.cuda.cudadrv.error")
except RuntimeError as failure:
    # numba-cuda opens the toolkit's libcudart when it is imported.
    raise UnavailableError(
        f"numba-cuda cannot be loaded ({reason(failure)})", hint=NO_TOOLKIT
    ) from failure

# It warns of kernels that are too small for the device, such as the warm-up's.
warnings.filterwarnings("ignore", ".*Grid size")


def device() -> str:
    """Take this rank's device and return its name; an UnavailableError where there is none."""
    try:
        name = cuda.select_device(of_this_rank(len(cuda.gpus))).name
    except _error.CudaSupportError as error:
        message = f"no CUDA device answers ({reason(error)})"
        raise UnavailableError(message, hint=NO_DEVICE) from error
    return name.decode() if isinstance(name, bytes) else str(name)


@contextlib.contextmanager
def compilation() -> Iterator[None]:
    """Have numba-cuda compile with this NumPy, or raise an UnavailableError of one line."""
    # numba-cuda 0.30 registers `row_stack` when it compiles, which NumPy 2.5 has dropped. A
    # function of its own, as vstack itself has been registered already.
    is_dropped = not hasattr(np, "row_stack")
    if is_dropped:
        np.row_stack = lambda arrays: np.vstack(arrays)  # noqa: PLW0108
    try:
        yield
    except AttributeError as error:
        # numba-cuda names functions of NumPy that a newer NumPy has dropped.
        raise UnavailableError(
            f"numba-cuda cannot compile ({error})", hint="pip install an older numpy beside it"
        ) from error
    except (ImportError, RuntimeError) as error:
        message = f"numba-cuda cannot compile ({reason(error)})"
        raise UnavailableError(message, hint=NO_TOOLKIT) from error
    finally:
        if is_dropped:
            del np.row_stack
