"""A slide's rows: the talk's figures, and those of here or why there are none."""

from __future__ import annotations

import importlib
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workloads.bench import scaling
from workloads.bench.result import Result
from workloads.errors import WorkerError
from workloads.registry import WORKLOADS
from workloads.talk.slides import Experiment, Key


@dataclass(frozen=True)
class Row:
    """A technique: the talk's seconds and those of here.

    Parameters
    ----------
    impl, workers
        The technique, and how many workers were asked for.
    told
        The talk's seconds, if it has some.
    told_times
        How many times as fast as the first, where the talk has this and no seconds.
    here, least, most
        The seconds here if it ran: their median, least and most, for all of the work.
    samples
        The seconds of each repetition as measured, maybe for a sample of the work.
    at_work
        How many workers there were; 0 if it did not run.
    beyond_cores
        Whether they gained more over fewer workers than their cores can give.
    sampled
        Whether a sample of the work was done, and the seconds stand for all of it.
    verdict
        The workload's verdict on the answer.
    note
        What else the workload says.
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
    beyond_cores: bool = False
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
        The experiment.
    rows
        Its rows, with the talk's figures alone if it could not run.
    reason
        Why it could not run, or an empty string.
    """

    experiment: Experiment
    rows: Sequence[Row]
    reason: str = ""


def command(experiment: Experiment, words: Sequence[str] = ()) -> list[str]:
    """Return what a user would type, without the options for the report.

    Parameters
    ----------
    experiment
        The experiment.
    words
        The workload's words; by default the experiment's.
    """
    variables = [f"{name}={value}" for name, value in experiment.environment.items()]
    return [*variables, *program(experiment, "python", words or experiment.words)]


def program(experiment: Experiment, python: str, words: Sequence[str]) -> list[str]:
    """Return a command line, with mpiexec for an experiment of several ranks."""
    start = ["mpiexec", "-n", str(experiment.ranks)] if experiment.ranks > 1 else []
    return [*start, python, "-m", "workloads", *words]


def of(experiment: Experiment, results: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the talk's rows, with the seconds of here, and then other rows of here.

    Parameters
    ----------
    experiment
        What was run.
    results
        The results in what ``--json`` wrote.

    Raises
    ------
    WorkerError
        When an answer has not the experiment's SHA-256.
    """
    made = [Result(**each) for each in results]
    found = _by_key(experiment, made)
    beyond = {
        (name, workers)
        for name in {one.impl for one in made}
        for workers in scaling.beyond_cores([one for one in made if one.impl == name])
    }
    keys = [*experiment.told, *(key for key in found if key not in experiment.told)]
    return [
        _measured(experiment, key, found[key], beyond) if key in found else _absent(experiment, key)
        for key in keys
    ]


def absent(experiment: Experiment, reason: str) -> list[Row]:
    """Return the talk's rows of an experiment that cannot run here."""
    typed = " ".join(command(experiment))
    # The row itself names the technique.
    why = reason.rpartition("cannot run here: ")[2]
    return [_told(experiment, key, reason=why, elsewhere=typed) for key in experiment.told]


def _by_key(experiment: Experiment, results: Sequence[Result]) -> dict[Key, Result]:
    """Return each result by the workers that were asked for: fewer may have run."""
    found: dict[Key, Result] = {}
    for name in dict.fromkeys(one.impl for one in results):
        own = [one for one in results if one.impl == name]
        # Of two Pythons of one version the second has a row of its own.
        asked = [key for key in experiment.keys(name) if key not in found]
        here = [key for key in asked if key not in experiment.elsewhere]
        scaled = [(name, count) for count in experiment.counts]
        reported = [(name, one.workers) for one in own]
        keys = next(keys for keys in (scaled, asked, here, reported) if len(keys) == len(own))
        found |= dict(zip(keys, own, strict=True))
    return found


def _told(experiment: Experiment, key: Key, **others: Any) -> Row:
    return Row(*key, experiment.told.get(key), told_times=experiment.times.get(key), **others)


def _measured(experiment: Experiment, key: Key, one: Result, beyond: Collection[Key]) -> Row:
    # For a sample of the rows, the seconds that all would take.
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
        beyond_cores=(one.impl, one.workers) in beyond,
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
    # A technique that only fails when it starts gives its reason if it is asked for alone.
    reason = techniques[name].why_not() or "asked for alone it tells why"
    alone = [*experiment.words]
    alone[alone.index("--impl") + 1] = name
    return _told(experiment, key, reason=reason, elsewhere=" ".join(command(experiment, alone)))
