"""What a technique is given besides its problem: its parameters name it, as pytest's fixtures.

A technique is a plain function that a student can copy.  What starts before the clock does, and
ends after it, is no part of it:

``workers``
    How many threads or processes there are.
``pool``
    A pool of so many, which are all up: of processes, of threads or of interpreters, as the
    technique's row says (`Technique.starts`).
``context``
    multiprocessing's, by its start method; a technique starts processes with it.
``client``
    Dask's, connected to a site's cluster or to processes of this machine.
``sc``
    Spark's context, of a site's cluster or of processes of this machine.
``view``
    ipyparallel's view of the engines that the user has started.
``comm``
    MPI's communicator of the ranks that compute; all of them, without ``--scale``.
``queue``
    OpenCL's, with profiling, of a GPU or, without one, of the processor.
``gpu_clock``
    ``with gpu_clock():`` has NVIDIA's GPU, which is this rank's, time the kernels that start in
    the block.
``all_or_none``
    Calls a function on each rank, which has taken a GPU of its node; what one rank cannot do, all
    of them refuse, so that none waits for it.
``xp``
    A package whose arrays have NumPy's functions.

Of the last four, too, the technique's row says which library it is (`Technique.starts`).
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# By parameter, what starts it, as MODULE:FUNCTION: a context manager, called with the workers,
# the start method, and the modules that each worker imports.
_STARTS = {
    "pool": "workloads.parallel.pools:pool",
    "context": "workloads.parallel.pools:context",
    "client": "workloads.parallel.dask_cluster:client",
    "sc": "workloads_spark.context:context",
    "view": "workloads.parallel.engines:view",
    "queue": "workloads.device.opencl:queue",
    "gpu_clock": "workloads.device.cuda:clock",
    "all_or_none": "workloads.device.cuda:all_or_none",
    "xp": "workloads.device.packages:package",
}
# And what is around each call of a technique that has it: the library's errors as one line.
_AROUND = {
    "context": "workloads.parallel.pools:watched",
    "client": "workloads.parallel.dask_cluster:failures",
    "sc": "workloads_spark.context:failures",
    "queue": "workloads.device.opencl:failures",
    "gpu_clock": "workloads.device.cuda:failures",
}


def call(
    function: Callable[..., Any],
    problem: Sequence[Any],
    workers: Workers,
    starts: str,
    *modules: str,
    more: Mapping[str, Any],
) -> Any:
    """Call a technique with its problem and what its other parameters name.

    Parameters
    ----------
    function, problem
        The technique, and its first arguments.
    workers
        What has been started for it, and is kept for the next call.
    starts
        The start method of its processes, or which other pool it has.
    modules
        What each worker process imports before the first call.
    more
        What else it may name.
    """
    names = _parameters(function)[len(problem) :]
    known = {*_STARTS, "workers", "comm", *more}
    if unknown := [name for name in names if name not in known]:
        where = f"{function.__module__}.{function.__name__}"
        raise TypeError(
            f"{where} names {', '.join(unknown)}; it can have {', '.join(sorted(known))}"
        )
    given = {name: more[name] for name in names if name in more}
    with contextlib.ExitStack() as around:
        for name in names:
            if name in _STARTS:
                given[name] = workers.started(_load(_STARTS[name]), starts, *modules)
            if name in _AROUND:
                around.enter_context(_load(_AROUND[name])(given[name]))
        # Last, since a cluster has workers of its own.
        if "workers" in names:
            given["workers"] = workers.count
        if "comm" in names:
            given["comm"] = workers.comm
        return function(*problem, **given)


@functools.cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    # Once: it takes as long as a GPU does for a small picture's copies.
    return [*inspect.signature(function).parameters]


def _load(where: str) -> Callable[..., AbstractContextManager[Any]]:
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]
