"""Whether the MPI library in use takes arrays that lie on a GPU.

A library that does not would read the address as host memory, and end the
process with a segmentation fault: so it is asked first.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from workloads.errors import UnavailableError

# Cray MPICH reads only this variable for it, when it starts.
_CRAY = "MPICH_GPU_SUPPORT_ENABLED"
_NEXT_STEP = (
    "bind the site's GPU-aware MPI and put it on LD_LIBRARY_PATH, or copy to the host: array.get()"
)


def require_gpu_aware(version: str) -> None:
    """Make sure that arrays on a GPU can be sent.

    Parameters
    ----------
    version
        What ``MPI.Get_library_version()`` says.

    Raises
    ------
    UnavailableError
        When the library does not say that it can send them.
    """
    name = " ".join(version.split()[:3]).rstrip(",")
    if "CRAY MPICH" in version.upper():
        if os.environ.get(_CRAY) != "1":
            raise UnavailableError(
                f"this MPI library ({name}) is not told to send from a GPU", hint=f"set {_CRAY}=1"
            )
    elif not answers_yes(_library()):
        raise UnavailableError(f"this MPI library ({name}) cannot send from a GPU", hint=_NEXT_STEP)


def answers_yes(library: Any) -> bool:
    """Return what the function of MPICH and Open MPI says; False where a library lacks it."""
    query = getattr(library, "MPIX_Query_cuda_support", None)
    return bool(query and query())


def _library() -> Any:
    """Return the MPI library that is loaded; None when its file is not known."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.partition("/")[2]
        if path.rpartition("/")[2].startswith("libmpi"):
            return ctypes.CDLL(f"/{path}")
    return None
