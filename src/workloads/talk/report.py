"""A slide's own table: the talk's figures beside those of this machine, and why they differ."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import inf
from typing import Any

from hpcpy_common import machine, mounts
from workloads.bench.result import duration, render
from workloads.talk.claims import judged
from workloads.talk.run import Measured, Outcome, Row
from workloads.talk.slides import Experiment, Talk

_NONE, _TIMES = "–", ("talk, times", "here, times")


def speed_ups(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return how many times as fast as the first each row is, in the talk and here, or 0."""
    talk, here = rows[0].talk or 0.0, rows[0].here or 0.0
    return [(row.talk_times or talk / (row.talk or inf), here / (row.here or inf)) for row in rows]


def _cells(experiment: Experiment, rows: Sequence[Row]) -> Iterator[list[str]]:
    """Give a table's lines: a later notebook of the talk has a column where it has figures."""
    first, later = (f"talk {year}".strip() for year in experiment.years)
    has_later = any(experiment.later.values())
    talk = [first, later] if has_later else [first]
    yield ["technique", "workers", *talk, "here", "least … most", *_TIMES, "answer"]
    for row, ratios in zip(rows, speed_ups(rows), strict=True):
        here, spread = _NONE, _NONE
        if row.here and row.least and row.most:
            here = f"{'≈ ' if row.sampled else ''}{duration(row.here)}"
            spread = f"{duration(row.least)} … {duration(row.most)}"
        talk = [duration(each) if each else _NONE for each in (row.talk, row.later)]
        gains = (_gain(ratio, row, rows[0]) for ratio in ratios)
        verdict = row.verdict or "not run"
        yield [row.impl, str(row.workers), *talk[: 1 + has_later], here, spread, *gains, verdict]


def _gain(ratio: float, row: Row, first: Row) -> str:
    """Return how many times as fast a row is, and its efficiency with more workers than one."""
    if not ratio:
        return _NONE
    is_same = row.impl == first.impl and row.workers > first.workers
    return f"{ratio:.3g}" + (f" ({ratio * first.workers / row.workers:.0%})" if is_same else "")


def command(experiment: Experiment) -> str:
    """Return what is printed before an experiment is run."""
    return f"{experiment.title}: {experiment.typed}".removeprefix(": ")


def table(outcome: Outcome) -> str:
    """Return an experiment's rows, why some did not run, and what to type where they can."""
    absent: dict[str, dict[str, None]] = {}
    for row in outcome.rows:
        if row.reason:
            there = f"; to run it: {row.elsewhere}" if row.elsewhere else ""
            line = f"not run: {row.reason}{there}"
            absent.setdefault(line, {})[row.impl] = None
    lines = [f"{', '.join(names)}: {line}\n" for line, names in absent.items()]
    return f"{render([*_cells(outcome.experiment, outcome.rows)])}\n{''.join(lines)}"


def closing(talk: Talk, measured: Measured) -> str:
    """Return what is printed when a slide has run: the lesson, and both machines."""
    findings = judged(measured.slide.claims, measured.outcomes, measured.load)
    lines = [
        *(f"{finding.verdict} here: {finding.measured}" for finding in findings),
        f"talk: {talk.machine}",
        f"here: {here()}; other processes that computed around it: {measured.load}",
        *(f"      {cause}" for cause in _causes(measured)),
    ]
    return "\n".join([*lines, ""])


def here() -> str:
    """Return this machine's processor and cores, and the version of this Python."""
    described = machine.describe()
    python = sys.version.split()[0]
    return f"{described['processor']}, {described['cores']} cores, Python {python}"


def _causes(measured: Measured) -> list[str]:
    """Return what explains the differences: known ones, and those of this machine."""
    lines = [measured.slide.differs] if measured.slide.differs else []
    rows = [row for outcome in measured.outcomes for row in outcome.rows if row.here]
    cores = machine.cores()
    techniques = {k: v for each in measured.outcomes for k, v in each.experiment.techniques.items()}
    waiting = {name for name, technique in techniques.items() if technique.waits}
    most = max((row.workers for row in rows if row.impl not in waiting), default=1)
    if most > cores:
        shared = f"{cores} cores" if cores > 1 else "one core"
        lines.append(f"{most} workers share {shared} here, and compute no faster than {cores}.")
    if any(row.sampled for row in rows):
        lines.append("≈: a sample of the rows was computed, and stands for all.")
    for outcome in measured.outcomes:
        lines += _notes(outcome)
    if any(outcome.experiment.workload in ("write", "read") for outcome in measured.outcomes):
        system = mounts.here(tempfile.gettempdir()) or "an unknown file system"
        lines.append(f"Files lie on {system} here; TMPDIR chooses another place.")
    return [*dict.fromkeys(lines)]


def _notes(outcome: Outcome) -> Iterator[str]:
    """Give what an experiment's rows say of themselves, behind the name of its table."""
    title = f"{outcome.experiment.title}, " if outcome.experiment.title else ""
    for row in outcome.rows:
        if row.here and row.at_work < row.workers:
            yield f"{title}{row.impl}: {row.workers} asked for, {row.at_work} at work."
        if row.here and row.note and not row.sampled:
            yield f"{title}{row.impl}: {row.note}."


def as_json(name: str, measured: Measured) -> dict[str, Any]:
    """Return what ``--json`` writes of a slide."""
    slide, outcomes = measured.slide, measured.outcomes
    return {
        "talk": name,
        "slide": measured.number,
        "shows": slide.title,
        "lesson": slide.lesson,
        "experiments": [
            {
                "command": outcome.experiment.typed,
                "title": outcome.experiment.title,
                "cannot_run": outcome.reason,
                "rows": [asdict(row) for row in outcome.rows],
            }
            for outcome in outcomes
        ],
        "findings": [asdict(finding) for finding in judged(slide.claims, outcomes, measured.load)],
        "load_before": measured.load,
        "differs": slide.differs,
        "causes": _causes(measured),
    }
