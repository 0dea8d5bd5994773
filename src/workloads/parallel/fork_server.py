"""A fork server: it imports what tasks need, once, and worker processes share that memory.

`multiprocessing` starts it by ``exec``, so it inherits neither threads nor locks, and
is no MPI rank: it works below mpiexec, too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING

from workloads.parallel.interrupts import held_back

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

# The environment that the server was started with, once for each block that uses it.
_variables: list[dict[str, str]] = []


@contextlib.contextmanager
def context(modules: Sequence[str]) -> Iterator[ForkServerContext | SpawnContext]:
    """Give the context to start processes with: a fork server, which ends with the last block.

    It is the spawn context where no server can start, and where the running server has
    other environment variables: libraries read them when the server imported them.

    Parameters
    ----------
    modules
        What the server imports. They must not start a thread, nor be ``mpi4py.MPI``.
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
        # First, as its start unblocks SIGINT.
        resource_tracker.ensure_running()
        with held_back():
            # It inherits the blocked SIGINT, and so do its workers: Ctrl-C is for this process.
            forkserver.ensure_running()
        # The server starts it when all is imported, which takes long on a cold file
        # system: outside of `held_back` Ctrl-C can stop the wait.
        first = found.Process(target=_nothing)
        first.start()
        first.join()
    except (OSError, EOFError):
        # No folder for its socket, or a module ends the server: a spawned worker reports that.
        _end()
        return multiprocessing.get_context("spawn")
    return found


def _end() -> None:
    # There is no public function; without this the server lives as long as this process.
    with held_back():
        getattr(forkserver, "_forkserver")._stop()  # noqa: B009


def _nothing() -> None:
    pass
