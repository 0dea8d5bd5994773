"""A slide's experiments, each in a process of its own, and the rows that come of them."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcpy_common.errors import DiskError, HpcpyError, UnavailableError, WorkerError
from hpcpy_common.programs import running
from workloads.bench import scaling
from workloads.bench.result import Result
from workloads.talk.slides import Experiment, Slide


@dataclass(frozen=True)
class Row:
    """A technique with so many workers: the talk's figures and those of here."""

    impl: str
    workers: int  # as asked for
    talk: float | None = None  # seconds
    talk_times: float | None = None  # as fast as the first, where there are no seconds
    later: float | None = None  # seconds of a later notebook of the talk
    # The median of the seconds here, if it ran, their least and most; for all of the work.
    here: float | None = None
    least: float | None = None
    most: float | None = None
    samples: Sequence[float] = ()  # as measured
    at_work: int = 0  # workers that there were
    beyond_cores: bool = False  # they gained more over fewer workers than cores can give
    sampled: bool = False  # only a sample of the work was done
    verdict: str = ""  # on the answer
    note: str = ""
    reason: str = ""  # why it did not run
    elsewhere: str = ""  # the command for where it can

    @property
    def key(self) -> str:
        """As experiments name their rows."""
        return self.impl if self.workers == 1 else f"{self.impl} {self.workers}"


@dataclass(frozen=True, eq=False)
class Outcome:
    """An experiment's rows; the talk's figures alone, and the reason, if it could not run."""

    experiment: Experiment
    rows: Sequence[Row]
    reason: str = ""
    error: HpcpyError | None = None  # of what failed; the other rows have run


@dataclass(frozen=True)
class Measured:
    """A slide that was run, and how many other processes computed around its experiments."""

    number: int
    slide: Slide
    outcomes: Sequence[Outcome]
    load: int


def other_processes() -> int:
    """Return how many other processes and threads of this machine compute now."""
    # The least of ten counts leaves out what computes for some milliseconds.
    counts = []
    for _ in range(10):
        time.sleep(0.01)
        running, _, _ = Path("/proc/loadavg").read_text().split()[3].partition("/")
        counts.append(int(running) - 1)
    return max(0, min(counts))


def run(experiment: Experiment, repeat: int) -> Outcome:
    """Run an experiment, each technique `repeat` times; raise what ends the workload."""
    if experiment.ranks > 1 and shutil.which("mpiexec") is None:
        raise UnavailableError("no mpiexec on PATH")
    error = None
    with tempfile.TemporaryDirectory(prefix="hpcpy-talk-") as folder:
        report = Path(folder) / "report.json"
        try:
            start(experiment, "--repeat", str(repeat), "--json", str(report))
        except HpcpyError as raised:
            # With a report, techniques failed, and others ran.
            if not report.exists():
                raise
            error = raised
        document = json.loads(report.read_text("utf-8"))
    results = [Result(**each) for each in document["results"]]
    reasons = {each["impl"]: f"FAILED: {each['reason']}" for each in document["failures"]}
    reasons |= {result.impl: result.verdict for result in results if not result.ok}
    right = [result for result in results if result.ok]
    return Outcome(experiment, rows(experiment, right, reasons), error=error)


def start(experiment: Experiment, *options: str) -> None:
    """Run an experiment without its output; raise the line with which it failed."""
    words = [*experiment.program(sys.executable), *options]
    environment = {**os.environ, **experiment.environment}
    no, pipe = subprocess.DEVNULL, subprocess.PIPE
    files: dict[str, Any] = {"stdin": no, "stdout": no, "stderr": pipe}
    with running(words, env=environment, text=True, **files) as process:
        try:
            _, errors = process.communicate()
        except BaseException:
            # It ends its workers and removes unfinished files.
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        line = next(iter(errors.splitlines()), f"ended with {process.returncode}")
        kinds = {kind.exit_code: kind for kind in (UnavailableError, DiskError)}
        raise kinds.get(process.returncode, WorkerError)(line.removeprefix("workloads: "))


def rows(
    experiment: Experiment, results: Sequence[Result], reasons: Mapping[str, str] | None = None
) -> list[Row]:
    """Return the talk's rows, with the seconds of here, and then other rows of here.

    `reasons` are those of techniques that failed.
    """
    rows_: dict[str, Row] = {}
    for name in dict.fromkeys(result.impl for result in results):
        own = [result for result in results if result.impl == name]
        beyond = scaling.beyond_cores(own)
        for key, result in zip(_asked(experiment, own), own, strict=True):
            rows_[key] = _measured(experiment, key, result, beyond)
    for key in experiment.figures.keys() - rows_.keys():
        name, typed = key.split()[0], ""
        if not (reason := (reasons or {}).get(name, "")):
            reason, typed = _why_not(experiment, name)
        rows_[key] = _row(experiment, key, reason=reason, elsewhere=typed)
    return [rows_[key] for key in {**experiment.figures, **rows_}]


def _why_not(experiment: Experiment, name: str) -> tuple[str, str]:
    """Return why a technique is no row here, and the command for where it can run."""
    if experiment.elsewhere:
        reason, command = experiment.elsewhere
        return reason, f"python -m workloads {command}"
    # What only fails when it starts gives its reason if it is asked for alone.
    reason = experiment.techniques[name].why_not() or "asked for alone it tells why"
    return reason, experiment.by(f"--impl {name}").typed


def absent(experiment: Experiment, error: HpcpyError) -> Outcome:
    """Return the talk's rows of an experiment that cannot run here, or failed as a whole."""
    # The row itself names the technique.
    why = {"reason": str(error).rpartition("cannot run here: ")[2], "elsewhere": experiment.typed}
    rows_ = [_row(experiment, key, **why) for key in experiment.figures]
    failed = None if isinstance(error, UnavailableError) else error
    return Outcome(experiment, rows_, str(error), failed)


def _asked(experiment: Experiment, own: Sequence[Result]) -> list[str]:
    """Return the key of each result of a technique, by the workers asked for: fewer may run."""
    name = own[0].impl
    # The result python-3.10.4 is the slide's python-3.10.
    keys = [key for key in experiment.figures if f"{name}.".startswith(f"{key.split()[0]}.")]
    if "--scale" in experiment.command:
        # The workload runs them in ascending order, as the slide has them.
        return keys
    # The first of two numbers of workers is asked for.
    return keys[:1] or [f"{name} {own[0].workers}"]


def _row(experiment: Experiment, key: str, **others: Any) -> Row:
    name, _, workers = key.partition(" ")
    others["talk_times" if experiment.are_gains else "talk"] = experiment.figures.get(key)
    others["later"] = experiment.later.get(key)
    return Row(name, int(workers or 1), **others)


def _measured(experiment: Experiment, key: str, result: Result, beyond: Container[int]) -> Row:
    verdict = result.verdict
    if experiment.sha256 and result.complete:
        if result.answer != experiment.sha256:
            wrong = f"WRONG: sha256 {result.answer}, not {experiment.sha256}"
            raise WorkerError(f"{result.impl}: {wrong}")
        verdict = "matches the stored sha256 of all of it"
    # For a sample of the rows, the seconds that all would take.
    times = result.total / result.work if result.work else 1
    seconds = [sample * times for sample in result.samples]
    return _row(
        experiment,
        key,
        here=statistics.median(seconds),
        least=min(seconds),
        most=max(seconds),
        samples=tuple(result.samples),
        at_work=result.workers,
        beyond_cores=result.workers in beyond,
        sampled=not result.complete,
        verdict=verdict,
        note=result.note,
    )
