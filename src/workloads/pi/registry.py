"""The techniques there are; adding one is a function in the file of its kind, and a row here.

``function(pairs, seed, …) -> hits`` counts the hits among `pairs` pairs of its stream (see
`workloads.pi.definition`, which also has pure Python and NumPy); `workloads.parallel.given` says
what else it may name. An MPI technique is called on every rank together; rank 0's count holds.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from workloads.bench.workload import COMPILED, IN_SPARK, Technique


def no_interpreters() -> str:
    """Return why this Python has no pool of interpreters, or an empty string."""
    is_there = sys.version_info >= (3, 14)
    return "" if is_there else "concurrent.futures has no interpreters before Python 3.14"


def no_engines() -> str:
    """Return why there is no cluster of ipyparallel, or an empty string."""
    folder = Path(os.environ.get("IPYTHONDIR") or "~/.ipython").expanduser()
    # What `ipcluster start` writes for its clients.
    connection = folder / "profile_default/security/ipcontroller-client.json"
    return "" if connection.exists() else "no engines: ipcluster start -n 4"


_HERE = "workloads.pi.definition:"
_COMPILED, _THREADS, _POOLS = (f"workloads.pi.{file}:" for file in ("compiled", "threads", "pools"))
_NP, _MPI, _DASK = ("numpy",), ("mpi4py",), ("dask", "distributed")
_CYTHON = ("numpy", "workloads.pi._kernels_cython")
# A row's efficiency refers to that of pure Python on one core.
_threads = partial(Technique, parallel="threads", one_core=("python",))
_waiting = partial(Technique, parallel="threads", waits=True, note="waits 100 ns for each pair")
_processes = partial(
    Technique, parallel="processes", one_core=("python",), note="a GIL in each process"
)
_own = partial(_processes, _POOLS + "own_pool", note="the processes' start is timed, too")
_ranks = partial(Technique, parallel="ranks")

# The talk's stream: worker w draws from random.Random(seed + w).
SEEDED = {
    "python": Technique(_HERE + "python", "pure Python, one worker"),
    "cython-seeded": Technique(
        _COMPILED + "cython_seeded", "Cython, the same numbers, the loop in C", _CYTHON, COMPILED
    ),
    "threads": _threads(_THREADS + "threads", "threads, which the GIL lets count one at a time"),
    "interpreters": _threads(
        _POOLS + "pool_map",
        "threads with an interpreter each, and so a GIL each",
        obstacle=no_interpreters,
        starts="interpreter",
    ),
    "sleep-threads": _waiting(_THREADS + "sleep_threads", "threads that wait for their numbers"),
    "sleep": _waiting(_THREADS + "sleep", "threads that wait, and count in C", _CYTHON, COMPILED),
    "multiprocessing": _processes(_POOLS + "pool_map", "processes, a GIL each"),
    "fork": _own("processes that are forked, with their start", starts="fork"),
    "spawn": _own("processes that are spawned, with their start", starts="spawn"),
    "ipyparallel": _processes(
        _POOLS + "ipyparallel", "ipyparallel's engines", ("ipyparallel",), obstacle=no_engines
    ),
    "dask": _processes(
        _POOLS + "dask", "Dask futures: a local cluster, or DASK_SCHEDULER_ADDRESS's", _DASK
    ),
    "dask-delayed": _processes(
        _POOLS + "delayed", "Dask's delayed: calls that compute() makes", _DASK
    ),
    "spark": _processes(
        "workloads_spark.techniques:pi",
        "Spark's RDD on a local cluster, or SPARK_MASTER's",
        ("pyspark", "workloads_spark"),
        IN_SPARK,
    ),
    "mpi": _ranks(_POOLS + "mpi", "MPI, a share to each rank", _MPI, one_core=("python",)),
}

# NumPy's own stream: the counts are those of one worker.
PHILOX = {
    "numpy": Technique(_HERE + "numpy", "NumPy, its own generator, in chunks", _NP),
    "cython": Technique(
        _COMPILED + "cython", "Cython, NumPy's generator, the loop in C", _CYTHON, COMPILED
    ),
}

TECHNIQUES = {**SEEDED, **PHILOX}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi", "cython", "numpy", "python")
