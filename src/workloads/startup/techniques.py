"""Four ways to look at a start, each ``technique(case, trial) -> (details, verdict)``.

A technique starts a case's program within ``trial.clock()`` and returns numbers for the
tables and for ``--json``. A verdict that begins with WRONG makes the result wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource  # `os.wait4` loads it, which would be in the first account
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError, WorkloadError
from workloads.startup.calls import Call, summary
from workloads.startup.tracer import initial_environment

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.startup.cases import Invocation

_IMPORT = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")
# How many imports of each start --json has.
_KEPT = 50


def spawn(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Start it, wait for its end, and read what the kernel has counted."""
    before = _account()
    with trial.clock():
        used, _ = run(case.command)
    after = _account()
    # The kernel adds a child's bytes to this process's own when it is waited for.
    read = {name: after[name] - before[name] for name in before}
    details = {"starts": 1, "wall": trial.seconds, "cpu": used.ru_utime + used.ru_stime}
    return {**details, **read, "page_faults": used.ru_majflt}, "ended with 0"


def spawn_many(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Start as many at once as there are workers, as a node's ranks do; wait for each."""
    with contextlib.ExitStack() as stack, trial.clock():
        running = [stack.enter_context(Running(case.command)) for _ in range(trial.count)]
        used = [each.end()[0] for each in running]
    cpu = sum(each.ru_utime + each.ru_stime for each in used) / len(used)
    return {"starts": len(used), "wall": trial.seconds, "cpu": cpu}, "all ended with 0"


def importtime(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Start it with ``-X importtime`` and read how long each import took."""
    with trial.clock():
        _, errors = run([sys.executable, "-X", "importtime", *case.arguments])
    own, total = {}, {}
    for match in filter(None, map(_IMPORT.match, errors.splitlines())):
        own[match[4]] = int(match[1]) / 1e6
        # What the program itself has asked for, with all that came with it.
        if len(match[3]) < 2:
            total[match[4]] = int(match[2]) / 1e6
    missing = [name for name in case.needs if name not in own]
    verdict = f"WRONG: {', '.join(missing)} not imported" if missing else "all imported"
    return {
        "modules": len(own),
        "import_seconds": sum(own.values()),
        "slowest": sorted(own.items(), key=lambda each: -each[1])[:_KEPT],
        "whole": dict(sorted(total.items(), key=lambda each: -each[1])[:_KEPT]),
    }, verdict


def ptrace(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Count each system call of the program and of all that it starts."""
    with trial.clock():
        calls, totals = follow(case.command)
    return {**totals, **summary(calls)}, "ended with 0"


def follow(command: Sequence[str]) -> tuple[list[Call], dict[str, int]]:
    """Return a command's calls, and how many calls, processes and threads there were."""
    argv = [sys.executable, "-m", "workloads.startup.tracer", *command]
    env = initial_environment()
    done = subprocess.run(argv, env=env, capture_output=True, errors="replace", check=False)
    if done.returncode:
        raise WorkloadError(f"the tracer failed: {_last(done.stderr)}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise UnavailableError(answer["error"])
    _check(command, answer.pop("code"), done.stderr)
    return [Call(*call) for call in answer.pop("each")], answer


class Running:
    """A program that has been started, killed at the end of a block if it still runs."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command, self._pid = command, 0
        self._errors = open(os.memfd_create("stderr"), "w+", errors="replace")  # noqa: SIM115, PTH123
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, self._errors.fileno(), 2),
        ]
        variables = initial_environment()
        try:
            self._pid = os.posix_spawn(command[0], [*command], variables, file_actions=actions)
        except OSError as error:
            self._errors.close()
            raise UnavailableError(f"no process can be started ({error.strerror})") from error

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._errors.close()
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def end(self) -> tuple[resource.struct_rusage, str]:
        """Wait for its end; return what it has used, and its standard error."""
        _, status, used = os.wait4(self._pid, 0)
        self._pid = 0
        self._errors.seek(0)
        errors = self._errors.read()
        _check(self._command, os.waitstatus_to_exitcode(status), errors)
        return used, errors


def run(command: Sequence[str]) -> tuple[resource.struct_rusage, str]:
    """Run a program to its end, as `Running.end` does."""
    with Running(command) as running:
        return running.end()


def _check(command: Sequence[str], code: int, errors: str) -> None:
    if code:
        what = " ".join(command[1:])
        raise WorkloadError(f"python {what}: ended with exit code {code}: {_last(errors)}")


def _last(errors: str) -> str:
    return (errors.strip().splitlines() or ["no message"])[-1]


def _account() -> dict[str, int]:
    """Return the bytes that this process has read; nothing where the kernel does not count."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return {}
    account = dict(line.split(": ") for line in lines)
    return {"bytes_read": int(account["rchar"]), "bytes_from_disk": int(account["read_bytes"])}
