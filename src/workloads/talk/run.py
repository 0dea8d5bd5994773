"""A slide's experiments, each a process of its own: the workload checks its answers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.errors import UnavailableError, WorkerError
from workloads.harness.interrupts import held_back
from workloads.harness.result import Result
from workloads.talk.slides import Experiment

# What a workload has to remove what it was writing, and to end its workers.
_SECONDS = 10.0


@dataclass(frozen=True)
class Row:
    """A technique: the talk's seconds and those of here.

    Parameters
    ----------
    impl, workers
        Which, and how many were at work.
    told
        The talk's seconds, if it has some.
    here
        Those of here, if it ran.
    sampled
        Whether a sample of the work was done, and the seconds stand for all of it.
    verdict
        What the workload says of the answer.
    note
        What else it says.
    """

    impl: str
    workers: int
    told: float | None
    here: float | None = None
    sampled: bool = False
    verdict: str = ""
    note: str = ""


def command(experiment: Experiment) -> list[str]:
    """Return what a user would type, without its report."""
    variables = [f"{name}={value}" for name, value in experiment.environment.items()]
    return [*variables, *_program(experiment, "python")]


def _program(experiment: Experiment, python: str) -> list[str]:
    start = ["mpiexec", "-n", str(experiment.ranks)] if experiment.ranks > 1 else []
    return [*start, python, "-m", "workloads", *experiment.words]


def run(experiment: Experiment) -> list[Row]:
    """Run it, and return a row for each of the talk's and of here.

    Raises
    ------
    UnavailableError
        When none of it can run here.
    WorkerError
        When it fails, or an answer is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="hpcpy-talk-") as folder:
        report = Path(folder) / "report.json"
        if experiment.ranks > 1 and shutil.which("mpiexec") is None:
            raise UnavailableError("no mpiexec on PATH")
        words = [*_program(experiment, sys.executable), "--json", str(report)]
        with _started(words, {**os.environ, **experiment.environment}) as process:
            _, said = process.communicate()
        if process.returncode:
            line = next(iter(said.splitlines()), f"ended with {process.returncode}")
            line = line.removeprefix("workloads: ")
            if process.returncode == UnavailableError.exit_code:
                raise UnavailableError(line)
            raise WorkerError(line)
        return _rows(experiment, json.loads(report.read_text("utf-8"))["results"])


def _rows(experiment: Experiment, results: Sequence[dict[str, Any]]) -> list[Row]:
    found = {(one.impl, one.workers): one for one in (Result(**each) for each in results)}
    keys = [*experiment.told, *(key for key in found if key not in experiment.told)]
    rows = []
    for name, workers in keys:
        one = found.get((name, workers))
        told = experiment.told.get((name, workers))
        if one is None:
            rows.append(Row(name, workers, told))
            continue
        rows.append(Row(name, workers, told, one.seconds, not one.complete, one.verdict, one.note))
    return rows


@contextlib.contextmanager
def _started(
    words: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Give a process that has ended, and been waited for, when this is stopped."""
    process: subprocess.Popen[str] | None = None
    try:
        # A stop between its start and its name would leave it.
        with held_back():
            process = subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        yield process
    except BaseException:
        if process is not None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS)
            process.kill()
        raise
    finally:
        if process is not None:
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
