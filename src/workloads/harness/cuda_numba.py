"""Numba for CUDA: its device, and its own ways to fail."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

from workloads.errors import UnavailableError
from workloads.harness import jit
from workloads.harness.cuda import NO_DEVICE

# Through jit, which has to be there before numba for the other techniques.
cuda = jit.submodule("cuda")
libdevice = jit.submodule("cuda.libdevice")
_error = jit.submodule("cuda.cudadrv.error")

# It warns of kernels that are too small for the device, as the warm-up is.
warnings.filterwarnings("ignore", ".*Grid size")


def device() -> str:
    """Return the current device's name.

    Raises
    ------
    UnavailableError
        When there is none.
    """
    try:
        name = cuda.get_current_device().name
    except _error.CudaSupportError as failure:
        reason = str(failure).strip().splitlines()[-1]
        raise UnavailableError(f"no CUDA device answers ({reason})", hint=NO_DEVICE) from failure
    return name.decode() if isinstance(name, bytes) else str(name)


@contextlib.contextmanager
def compilation() -> Iterator[None]:
    """Say in one line that a kernel cannot be compiled.

    Raises
    ------
    UnavailableError
        For a NumPy that numba-cuda does not know.
    """
    try:
        yield
    except AttributeError as failure:
        # numba-cuda names functions of NumPy that a newer NumPy has dropped.
        raise UnavailableError(
            f"numba-cuda cannot compile ({failure})", hint="pip install 'numpy<2.5' beside it"
        ) from failure
