"""How many threads BLAS has: here, and in processes that start, which read a variable of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

# In the order in which OpenBLAS looks at them, when it is loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def given() -> str:
    """Return the variable that the user has set, and its value."""
    return next((f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name)), "")


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Have BLAS use `count` threads in processes started meanwhile; with 0, its default."""
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    if count:
        os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ.update(before)


def here() -> str:
    """Return how many threads BLAS has in this process: all cores are one worker's."""
    from threadpoolctl import threadpool_info  # noqa: PLC0415

    counts = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return f"threads of BLAS: {max(counts)}" if counts else ""
