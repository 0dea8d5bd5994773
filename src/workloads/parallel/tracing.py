"""What viztracer needs in worker processes: each writes its part of the trace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Set while workers are to be traced: the folder for their parts.
_FOLDER = "HPCPY_TRACE_PARTS"
# How many calls are kept, the latest ones; about 100 bytes each in the file.
_ENTRIES = 500_000

_own: list[Any] = []


@contextlib.contextmanager
def asked_of_workers(folder: Path) -> Iterator[None]:
    """Have worker processes that start meanwhile write their parts into `folder`."""
    os.environ[_FOLDER] = str(folder)
    try:
        yield
    finally:
        # A later run in this process may want no trace.
        del os.environ[_FOLDER]


def join() -> None:
    """Begin to trace this worker process, if its parent is being traced."""
    if os.environ.get(_FOLDER) and not _own:
        # Not at the top: --list must not import multiprocessing.
        from multiprocessing.util import Finalize  # noqa: PLC0415

        _own.append(begin("worker"))
        # multiprocessing ends a worker without atexit's functions, but runs finalizers.
        Finalize(None, leave, exitpriority=10)


def leave() -> None:
    """Write this worker process's part of the trace."""
    while _own:
        # Not by its number: ranks in containers have workers of the same numbers.
        end(_own.pop(), Path(os.environ[_FOLDER], f"worker-{os.urandom(8).hex()}.json"))


def begin(name: str, calls: int = _ENTRIES) -> Any:
    """Return a running tracer that keeps the latest `calls` calls."""
    from viztracer import VizTracer  # noqa: PLC0415

    tracer = VizTracer(calls, verbose=0, process_name=name, register_global=False)
    tracer.start()
    return tracer


def end(tracer: Any, part: Path) -> None:
    """Stop `tracer` and write what it has seen into the file `part`."""
    tracer.stop()
    tracer.save(str(part))
    tracer.terminate()
