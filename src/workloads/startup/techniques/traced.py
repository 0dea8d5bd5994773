"""ptrace: every system call of the process and of all that it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError, WorkloadError
from workloads.startup import program
from workloads.startup.environment import initial

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.startup.cases import Invocation


def compute(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Have the program traced by a process that has no other children."""
    with trial.clock():
        found = follow(case.command)
    return found, _compare(found)


def follow(command: Sequence[str], *, calls: bool = False) -> dict[str, Any]:
    """Return the counts of a command.

    Parameters
    ----------
    command
        Its words.
    calls
        Whether to return each path call, too.

    Raises
    ------
    WorkloadError
        When the command or the tracer fails.
    UnavailableError
        Where the kernel refuses ptrace.
    """
    words = [*(["--calls"] if calls else []), *command]
    argv = [sys.executable, "-m", "workloads.startup.tracer", *words]
    done = subprocess.run(argv, env=initial(), capture_output=True, errors="replace", check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise WorkloadError(f"the tracer failed with exit code {done.returncode}: {last}") from None
    if "error" in found:
        raise UnavailableError(found["error"])
    program.check(command, found.pop("code"), done.stderr)
    return dict(found)


def _compare(found: dict[str, int | None]) -> str:
    """Compare the bytes of all calls with the kernel's own account."""
    read, accounted = found["bytes_moved"], found["accounted"]
    if accounted is None:
        return "the kernel keeps no account to compare with"
    if found["processes"]:
        return "not compared: it has started processes"
    if read == accounted:
        return "bytes read as the kernel accounts them"
    return f"WRONG: {read:,} bytes read, {accounted:,} by the kernel's account"
