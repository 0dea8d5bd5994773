"""Three ways to look at a start, each ``technique(case, trial) -> details``.

A technique starts a case's program within ``trial.clock()`` and returns numbers for the
tables and for ``--json``; a program that fails raises its last words.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common.errors import HpcpyError, UnavailableError
from hpcpy_common.programs import ended, running
from workloads.startup import strace
from workloads.startup.calls import Call, summary
from workloads.startup.registry import no_strace

if TYPE_CHECKING:
    from workloads.bench.workload import Trial
    from workloads.startup.command import Invocation

_IMPORT = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")
# The folder of this program's packages.
_OWN = os.path.realpath(os.fsencode(Path(__file__).parents[2]))
# How many imports of each start are told.
_KEPT = 15


def spawn(case: Invocation, trial: Trial) -> dict[str, Any]:
    """Start one, or as many at once as there are workers, as a node's ranks do; wait for each."""
    before = processor_time()
    with contextlib.ExitStack() as stack, trial.clock():
        started = [stack.enter_context(_running(case.command)) for _ in range(trial.count)]
        for process in started:
            _check(case.command, process.communicate()[1], process.returncode)
    cpu = (processor_time() - before) / len(started)
    return {"starts": len(started), "wall": trial.seconds, "cpu": cpu}


def importtime(case: Invocation, trial: Trial) -> dict[str, Any]:
    """Start it with ``-X importtime`` and read how long each import took."""
    with trial.clock():
        errors = run([sys.executable, "-X", "importtime", *case.arguments])
    own, total = {}, {}
    for match in filter(None, map(_IMPORT.match, errors.splitlines())):
        own[match[4]] = int(match[1]) / 1e6
        # What the program itself has asked for, with all that came with it.
        if len(match[3]) < 2:
            total[match[4]] = int(match[2]) / 1e6
    return {
        "modules": len(own),
        "import_seconds": sum(own.values()),
        "slowest": sorted(own.items(), key=lambda each: -each[1])[:_KEPT],
        "whole": dict(sorted(total.items(), key=lambda each: -each[1])[:_KEPT]),
    }


def count(case: Invocation, trial: Trial) -> dict[str, Any]:
    """Count the file system calls of the program and of all that it starts."""
    with trial.clock():
        calls, started = follow(case.command)
    return {**started, **summary(calls)}


def follow(command: Sequence[str]) -> tuple[list[Call], dict[str, int]]:
    """Return a command's calls, and how many processes and threads it started."""
    if reason := no_strace():
        raise UnavailableError(reason)
    with tempfile.TemporaryDirectory() as folder:
        with _running(["strace", *strace.options(folder), *command]) as process:
            errors = process.communicate()[1]
        calls, started = strace.read(Path(folder))
    if not calls:
        hint = "run it where ptrace is allowed, such as outside of the container"
        raise UnavailableError(f"strace cannot follow a program here: {_last(errors)}", hint=hint)
    _check(command, errors, process.returncode)
    return calls, started


def run(command: Sequence[str]) -> str:
    """Run a program to its end; return its standard error."""
    with _running(command) as process:
        errors = process.communicate()[1]
    _check(command, errors, process.returncode)
    return errors


@contextlib.contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a program, and kill it at the end of the block."""
    nothing, env = subprocess.DEVNULL, initial_environment()
    files: dict[str, Any] = {"stdin": nothing, "stdout": nothing, "stderr": subprocess.PIPE}
    with contextlib.ExitStack() as stack:
        try:
            process = stack.enter_context(running(command, env=env, errors="replace", **files))
        except OSError as error:
            raise UnavailableError(f"no process can be started ({error.strerror})") from error
        yield process


def initial_environment() -> dict[bytes, bytes]:
    """Return the variables of this process without those that its own start has added."""
    # Cache folders, for example: with these its children would make fewer calls than it did.
    text = Path("/proc/self/environ").read_bytes()
    variables = dict(pair.split(b"=", 1) for pair in text.split(b"\0") if b"=" in pair)
    # PYTHONPATH=src of a checkout is for this program alone.
    given = variables.pop(b"PYTHONPATH", b"").split(b":")
    if kept := [folder for folder in given if folder and os.path.realpath(folder) != _OWN]:
        variables[b"PYTHONPATH"] = b":".join(kept)
    return variables


def processor_time() -> float:
    """Return the seconds of processor time of all programs that have been run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _check(command: Sequence[str], errors: str, code: int) -> None:
    if code:
        what = " ".join(command[1:])
        raise HpcpyError(f"python {what}: {ended(code)}: {_last(errors)}")


def _last(errors: str) -> str:
    return (errors.strip().splitlines() or ["no message"])[-1]
