"""A program that runs beside another one, and shows what it printed afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence


@contextlib.contextmanager
def beside(command: Sequence[str]) -> Iterator[Callable[[], int]]:
    """Start a program whose output is held back until it is asked for.

    At the end it is terminated if it still runs.

    Parameters
    ----------
    command
        Program and arguments.

    Yields
    ------
    Callable
        Copies all output to standard output as it comes, waits for the program's
        end and returns its exit code.
    """
    # A file, since a pipe that nobody reads stops the program after 64 KiB.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )

        def show() -> int:
            shown = 0
            while True:
                # Asked first: what is printed before the end is read after it.
                code = process.poll()
                while piece := os.pread(output.fileno(), 1 << 16, shown):
                    shown += len(piece)
                    sys.stdout.buffer.write(piece)
                    sys.stdout.flush()
                if code is not None:
                    return code
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.2)

        try:
            yield show
        finally:
            process.terminate()
            process.wait()
