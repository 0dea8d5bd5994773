"""A command under strace, and the calls that count."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpcpy.engine.setup import ensure
from hpcpy.measure.counts import TRACED, Counts, count
from hpcpy.stages import StageError

_SECONDS = 300


def traced(
    command: Sequence[str],
    program: str,
    *,
    cwd: str = "/",
    root: str = "/",
    env: Mapping[str, str] | None = None,
) -> Counts:
    """Run a command and count the calls of one program that it starts.

    Parameters
    ----------
    command
        May start a container, whose own calls do not count.
    program
        The path in the program's execve.
    cwd
        The program's working directory, as it sees it.
    root
        The folder that is its ``/``.
    env
        All of the command's variables; this process's own by default.

    Raises
    ------
    StageError
        When it ends with another code than 0.
    """
    strace = ensure("measure").path("strace")
    with tempfile.TemporaryDirectory(prefix="hpcpy-strace.") as folder:
        trace = Path(folder) / "trace"
        # What is read and given as arguments is of no interest: -s 0.
        options = ["-f", "-y", "-s", "0", "-e", "signal=none", "-e", f"trace={TRACED}"]
        done = subprocess.run(
            [str(strace), *options, "-o", str(trace), *command],
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise StageError(f"{program} ended with exit code {done.returncode}: {said[0]}")
        with trace.open(errors="surrogateescape") as lines:
            return count(lines, program, cwd=cwd, root=root)
