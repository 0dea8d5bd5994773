"""How many threads BLAS has in processes that are to be started.

BLAS reads the environment when it is loaded; nothing else sets its threads in
every build of numpy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from workloads.bench import machine

# In the order in which OpenBLAS looks at them.
VARIABLES = (
    "OPENBLAS_NUM_THREADS", "OPENBLAS_DEFAULT_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS",
)  # fmt: skip


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


@contextlib.contextmanager
def shared(workers: int) -> Iterator[str]:
    """Have `workers` processes share the cores, unless the user has set a number.

    The context gives a note on the threads of each process.
    """
    given = next((f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name)), "")
    if given:
        yield f"{given} in each process"
        return
    count = max(1, machine.cores() // workers)
    with threads(count):
        yield f"OMP_NUM_THREADS={count} in each process"


def running() -> int:
    """Return how many threads this process has: in a child that does nothing else, BLAS's."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208  (a count, no paths)
