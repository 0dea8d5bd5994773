"""A fork server: it imports what tasks need, once, and worker processes share that memory.

`multiprocessing` starts it by ``exec``, and so it has none of this process's threads,
locks and ranks: also below mpiexec.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING

from workloads.harness.interrupts import held_back

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

# What this process's server was started with, once for each pool that has it.
_variables: list[dict[str, str]] = []


@contextlib.contextmanager
def context(modules: Sequence[str]) -> Iterator[ForkServerContext | SpawnContext]:
    """Give what starts processes: a fork server, which ends with the last block.

    They are spawned where there can be no server, and where the present one has other
    environment variables: libraries have read them when it imported them.

    Parameters
    ----------
    modules
        What the server imports. They start no thread, and none is ``mpi4py.MPI``.
    """
    if _variables and _variables[0] != dict(os.environ):
        yield multiprocessing.get_context("spawn")
        return
    _variables.append(dict(os.environ))
    try:
        yield _started(modules)
    finally:
        _variables.pop()
        if not _variables:
            _end()


def _started(modules: Sequence[str]) -> ForkServerContext | SpawnContext:
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["__main__", *modules])
    try:
        # Its start unblocks SIGINT.
        resource_tracker.ensure_running()
        with held_back():
            # With SIGINT blocked, as its workers have it then: they leave it to this process.
            forkserver.ensure_running()
        # The first process comes when all is imported, which takes long on a cold file
        # system: here it can be stopped.
        first = found.Process(target=_nothing)
        first.start()
        first.join()
    except (OSError, EOFError):
        # No folder for its socket, or a module that ends it: a worker says so then.
        _end()
        return multiprocessing.get_context("spawn")
    return found


def _end() -> None:
    # There is no public way, and without one it waits for the end of this process.
    with held_back():
        getattr(forkserver, "_forkserver")._stop()  # noqa: B009


def _nothing() -> None:
    pass
