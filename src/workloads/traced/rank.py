"""One rank: its program, its calls, and on the first rank the calls of all."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workloads.errors import OutputError
from workloads.parallel import ranks, tracing
from workloads.preflight import program
from workloads.traced import clocks, merge, mpi_calls

# The most calls of all ranks together: a file of about 100 MB.
CALLS = 1_000_000
# Seconds that a rank waits for the others after an exception, which all may have had.
_FAILED_SECONDS = 5.0
# The launcher may end before it has passed on what a rank has just printed.
_SAID_SECONDS = 0.3


def run(comm: Any, file: Path, words: list[str]) -> int:
    """Run the program; write the calls of all ranks when all have ended.

    Parameters
    ----------
    comm
        A communicator of all ranks that nobody else uses; None for a process alone.
    file
        The trace's file, absolute.
    words
        The program and its arguments.

    Returns
    -------
    int
        73, on the first rank, where the program's exit code is 0 and the file could not
        be written.

    Raises
    ------
    SystemExit
        Otherwise: the end of the program, also with 0, and in a child that it has forked.
    """
    rank, size = (comm.rank, comm.size) if comm is not None else (0, 1)
    start = clocks.read(comm) if comm is not None else clocks.Reading()
    if comm is not None:
        _leave_the_end_of_mpi_to_python()
    name = f"rank {rank} on {os.uname().nodename}"
    tracer = tracing.begin(name, max(1, CALLS // size))
    process = os.getpid()
    calls = mpi_calls.MpiCalls(tracer)
    ended = _ended(words, tracer, calls)
    if os.getpid() != process:
        # This is a child that the program has forked, at its end.
        raise ended
    if comm is not None:
        _wait(comm, ended)
    # From here on SIGTERM has to remove the file's temporary name, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    end = clocks.read(comm) if comm is not None else start
    part = merge.part(tracer, rank, clocks.corrected(start, end))
    code = 0
    if rank == 0:
        others = merge.received(comm) if comm is not None else iter(())
        code = _write(file, itertools.chain([part], others), tracer.get_base_time())
    else:
        merge.send(comm, part)
    if comm is not None:
        # The first rank writes: the end of another one may end it, too.
        ranks.idle_barrier(comm)
    if code and not ended.code:
        return code
    raise ended


def _leave_the_end_of_mpi_to_python() -> None:
    from mpi4py import MPI  # noqa: PLC0415

    # The traces are sent after the program's end, and the program may finalise MPI.
    MPI.Finalize = lambda: None


class _Failure(SystemExit):
    """The end of a program by an exception that nobody caught, or by a code that is not 0."""


def _ended(words: list[str], tracer: Any, calls: mpi_calls.MpiCalls) -> SystemExit:
    calls.start()
    try:
        program.run(words)
    except SystemExit as error:
        return _Failure(error.code) if error.code else error
    except KeyboardInterrupt:
        raise
    except BaseException:
        tracer.stop("flush_as_finish")
        # Printed at once: the others may wait for this rank.
        sys.excepthook(*sys.exc_info())
        return _Failure(1)
    finally:
        calls.stop()
        tracer.stop("flush_as_finish")
    return SystemExit(0)


def _wait(comm: Any, ended: SystemExit) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    if not isinstance(ended, _Failure):
        ranks.idle_barrier(comm)
    elif not ranks.idle_barrier(comm, _FAILED_SECONDS):
        where = f"rank {comm.rank} on {os.uname().nodename}"
        print(f"traced: {where} has failed, others wait: no trace", file=sys.stderr, flush=True)
        time.sleep(_SAID_SECONDS)
        comm.Abort(1)


def _write(file: Path, parts: Iterator[merge.Part], base_time: int) -> int:
    try:
        written = merge.write(file, parts, base_time)
    except OutputError as error:
        print(f"traced: {error}", file=sys.stderr)
        return error.exit_code
    cut = [part for part in written if part.is_cut]
    if cut:
        print(
            f"traced: {len(cut)} of {len(written)} ranks made more calls than are kept: "
            f"their last {cut[0].calls:,} are in {file.name}",
            file=sys.stderr,
        )
    return 0
