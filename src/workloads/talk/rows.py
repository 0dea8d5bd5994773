"""A slide's rows: the talk's figures, and beside them those of here or why there are none."""

from __future__ import annotations

import importlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workloads.errors import WorkerError
from workloads.harness.result import Result
from workloads.registry import WORKLOADS
from workloads.talk.slides import Experiment, Key


@dataclass(frozen=True)
class Row:
    """A technique: the talk's seconds and those of here.

    Parameters
    ----------
    impl, workers
        Which, and how many were asked for.
    told
        The talk's seconds, if it has some.
    told_times
        How many times as fast as the first, where the talk has this and no seconds.
    here, least, most
        The median of those of here and their range, if it ran.
    samples
        Each as measured: where a part of the work was done, of that part.
    at_work
        How many workers there were.
    sampled
        Whether a sample of the work was done, and the seconds stand for all of it.
    verdict
        What the workload says of the answer.
    note
        What else it says.
    reason, elsewhere
        Why it did not run, and the command for where it can.
    """

    impl: str
    workers: int
    told: float | None
    here: float | None = None
    least: float | None = None
    most: float | None = None
    samples: Sequence[float] = ()
    at_work: int = 0
    sampled: bool = False
    verdict: str = ""
    note: str = ""
    told_times: float | None = None
    reason: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an experiment gave, or why it could not run.

    Parameters
    ----------
    experiment
        Which.
    rows
        Of the talk alone where it could not run.
    reason
        Why not.
    """

    experiment: Experiment
    rows: Sequence[Row]
    reason: str = ""


def command(experiment: Experiment, words: Sequence[str] = ()) -> list[str]:
    """Return what a user would type, without its report.

    Parameters
    ----------
    experiment
        What is run.
    words
        Of the workload, where they are others than the experiment's.
    """
    variables = [f"{name}={value}" for name, value in experiment.environment.items()]
    return [*variables, *program(experiment, "python", words or experiment.words)]


def program(experiment: Experiment, python: str, words: Sequence[str]) -> list[str]:
    """Return a command line, with the launcher if it has ranks."""
    start = ["mpiexec", "-n", str(experiment.ranks)] if experiment.ranks > 1 else []
    return [*start, python, "-m", "workloads", *words]


def of(experiment: Experiment, results: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return a row for each of the talk's and of here.

    Parameters
    ----------
    experiment
        What was run.
    results
        What ``--json`` says of it.

    Raises
    ------
    WorkerError
        When an answer is not the stored one.
    """
    found = _by_key(experiment, [Result(**each) for each in results])
    keys = [*experiment.told, *(key for key in found if key not in experiment.told)]
    return [
        _measured(experiment, key, found[key]) if key in found else _absent(experiment, key)
        for key in keys
    ]


def absent(experiment: Experiment, reason: str) -> list[Row]:
    """Return the talk's rows of what cannot run here."""
    typed = " ".join(command(experiment))
    # The row says already which technique it is.
    why = reason.rpartition("cannot run here: ")[2]
    return [_told(experiment, key, reason=why, elsewhere=typed) for key in experiment.told]


def _by_key(experiment: Experiment, results: Sequence[Result]) -> dict[Key, Result]:
    """Return each result by what was asked for: fewer workers may have come."""
    found: dict[Key, Result] = {}
    for name in dict.fromkeys(one.impl for one in results):
        own = [one for one in results if one.impl == name]
        # Of two such Pythons the second has a row of its own.
        asked = [key for key in experiment.keys(name) if key not in found]
        here = [key for key in asked if key not in experiment.elsewhere]
        scaled = [(name, count) for count in experiment.counts]
        reported = [(name, one.workers) for one in own]
        keys = next(keys for keys in (scaled, asked, here, reported) if len(keys) == len(own))
        found |= dict(zip(keys, own, strict=True))
    return found


def _told(experiment: Experiment, key: Key, **others: Any) -> Row:
    return Row(*key, experiment.told.get(key), told_times=experiment.times.get(key), **others)


def _measured(experiment: Experiment, key: Key, one: Result) -> Row:
    # Of a sample of the rows: what all would take.
    whole = one.total / one.work if one.work else 1.0
    seconds = [sample * whole for sample in one.samples]
    verdict = one.verdict
    if experiment.sha256 and one.complete:
        if one.answer != experiment.sha256:
            raise WorkerError(f"{one.impl}: WRONG: sha256 {one.answer}, not {experiment.sha256}")
        verdict = "matches the stored sha256 of all of it"
    return _told(
        experiment,
        key,
        here=statistics.median(seconds),
        least=min(seconds),
        most=max(seconds),
        samples=tuple(one.samples),
        at_work=one.workers,
        sampled=not one.complete,
        verdict=verdict,
        note=one.note,
    )


def _absent(experiment: Experiment, key: Key) -> Row:
    if key in experiment.elsewhere:
        reason, words = experiment.elsewhere[key]
        return _told(experiment, key, reason=reason, elsewhere=f"python -m workloads {words}")
    name, _ = key
    package = WORKLOADS[experiment.words[0]][0].rpartition(".")[0]
    techniques = importlib.import_module(f"{package}.registry").TECHNIQUES
    # What was left out when it was opened says so to those who ask for it by name.
    reason = techniques[name].why_not() or "asked for alone it tells why"
    alone = [*experiment.words]
    alone[alone.index("--impl") + 1] = name
    return _told(experiment, key, reason=reason, elsewhere=" ".join(command(experiment, alone)))
