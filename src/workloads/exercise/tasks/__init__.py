"""The exercises, a file each: `EXERCISE`, what a student reads, and `judge`, what checks it.

`judge` takes the student's module, and returns "" for a right answer, or the first thing that
is wrong. With MPI every rank calls it.
"""

from __future__ import annotations

import importlib
from typing import Any

from workloads.errors import UsageError

# Along the talks: NIH, USC, NERSC.
NAMES = (
    "profile-line",
    "mandel-numba",
    "pool-pickles",
    "mandel-mpi",
    "mpi-gatherv",
    "write-vectorized",
    "write-hdf5",
    "mpi-file",
    "gil-sleep",
    "pi-processes",
    "shared-race",
    "linalg-batch",
)


def task(name: str) -> Any:
    """Return the module of an exercise; raise a UsageError when there is none of this name."""
    if name not in NAMES:
        raise UsageError(f"no exercise {name!r}", hint=f"one of: {', '.join(NAMES)}")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
