"""``hpcpy_job traced FILE (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from pathlib import Path
from typing import Any

from hpcpy_common import files, ranks, signals
from hpcpy_common.errors import UsageError, require_module
from hpcpy_job import program

_USAGE = """\
usage: python -m hpcpy_job traced FILE SCRIPT [ARGUMENT …]
       python -m hpcpy_job traced FILE -m MODULE [ARGUMENT …]

Runs the program on every rank below srun or mpiexec, or alone, and writes the
calls of all ranks into FILE (.json, .json.gz or .html): vizviewer shows a group
of rows a rank, by the clocks of the nodes. All ranks together keep 1,000,000
calls, the last ones of each. Calls into MPI and worker processes are not seen.
A rank that fails while others wait for it ends all and leaves no file, as does
Ctrl-C. The exit code is the program's; 2 for wrong usage, or a folder that
cannot be written, 69 without viztracer or MPI between the ranks, 73 when FILE
cannot be written at the end."""
_ENDINGS = (".json", ".json.gz", ".html")
# Of all ranks together: a file of about 100 MB.
_CALLS = 1_000_000
# Seconds that a rank that has failed waits for the others, which may have failed, too.
_FAILED_SECONDS = 5.0


def main(words: list[str]) -> int:
    """Run the program and write what all ranks have called; return its exit code or an own."""
    return program.command("traced", _USAGE, words, _start)


def _start(words: list[str]) -> int:
    if not words:
        raise UsageError("no file is named for the trace", hint="--help tells the words")
    if not words[0].endswith(_ENDINGS):
        raise UsageError(f"{words[0]}: ends in none of {', '.join(_ENDINGS)}")
    program.require(words[1:])
    require_module("viztracer")
    comm = ranks.world().Dup() if ranks.expected() > 1 else None
    # Absolute, since the program may change the working directory.
    file = Path(words[0]).absolute()
    ranks.by_first(lambda: files.require_writable(file, "the trace"))
    return _trace(file, comm, words[1:])


def _trace(file: Path, comm: Any, words: list[str]) -> int:
    from viztracer import VizTracer  # noqa: PLC0415
    from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

    rank, size = (comm.rank, comm.size) if comm else (0, 1)
    name = f"rank {rank} on {os.uname().nodename}"
    calls = max(1, _CALLS // size)
    tracer = VizTracer(calls, verbose=0, process_name=name, register_global=False)
    tracer.start()
    code = _run(words, comm)
    tracer.stop("flush_as_finish")
    # A rank that has failed does not wait for long: the others may wait for its messages.
    if comm and not ranks.idle_barrier(comm, _FAILED_SECONDS if code else math.inf):
        print(f"traced: {name} has failed, others wait: no trace", file=sys.stderr, flush=True)
        comm.Abort(1)
    tracer.parse()
    for event in tracer.data["traceEvents"]:
        # Processes on two nodes may have the same number.
        event["pid"] = rank
    ReportBuilder(tracer.data, verbose=0).prepare_json()
    mine = (tracer.get_base_time(), tracer.data)
    parts = comm.gather(mine) if comm else [mine]
    try:
        if rank == 0:
            _write(file, parts)
    finally:
        # The end of another rank may end the first, too.
        if comm:
            ranks.idle_barrier(comm)
    return code


def _run(words: list[str], comm: Any) -> int:
    """Run the program and return its exit code; print an exception that it did not catch."""
    if comm:
        from mpi4py import MPI  # noqa: PLC0415

        # The traces are sent after the program's end, which Python's end follows.
        MPI.Finalize = lambda: None
    code = 0
    try:
        program.run(words)
    except SystemExit as end:
        code = program.exit_code(end.code)
    except Exception:
        sys.excepthook(*sys.exc_info())
        code = 1
    with contextlib.suppress(OSError, ValueError, AttributeError):  # the program may close it
        sys.stdout.flush()
    return code


def _write(file: Path, parts: list[tuple[int, dict[str, Any]]]) -> None:
    from viztracer.report_builder import ReportBuilder  # noqa: PLC0415

    # The file's temporary name is removed.
    signals.exit_when_stopped()
    for base, trace in parts:
        # Each node's times begin at the start of the node.
        for event in trace["traceEvents"]:
            if "ts" in event:
                event["ts"] += (base - parts[0][0]) / 1000
    with files.whole_file(file) as temporary:
        ReportBuilder([trace for _, trace in parts], verbose=0).save(str(temporary))
