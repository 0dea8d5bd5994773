"""A slide's own table: the talk's figures beside those of this machine, and why they differ."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workloads.bench import machine
from workloads.bench.result import duration
from workloads.doctor import mounts
from workloads.talk.claims import Finding, judged
from workloads.talk.rows import Outcome, Row, command
from workloads.talk.slides import Experiment, Slide, Talk

_HEAD = ("technique", "workers", "talk", "here", "talk, times", "here, times", "answer")
_SPREAD = "least … most"
_NONE = "–"


@dataclass(frozen=True)
class Told:
    """A slide that was run.

    Parameters
    ----------
    slide
        The slide.
    outcomes
        The results of its experiments.
    load
        How many other processes computed before it.
    """

    slide: Slide
    outcomes: Sequence[Outcome]
    load: int


def times(rows: Sequence[Row], *, told: bool) -> list[float | None]:
    """Return how many times as fast as the first each row is, None if not known.

    Parameters
    ----------
    rows
        The rows.
    told
        Whether to take the talk's figures, not those of here.
    """
    values = [row.told if told else row.here for row in rows]
    first = next(iter(values), None)
    found = [first / value if first and value else None for value in values]
    if not told:
        return found
    return [row.told_times or value for row, value in zip(rows, found, strict=True)]


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Return the rows' cells, after those of the head."""
    repeated = any(len(row.samples) > 1 for row in rows)
    cells = [[*_HEAD[:4], *([_SPREAD] if repeated else []), *_HEAD[4:]]]
    columns = zip(rows, times(rows, told=True), times(rows, told=False), strict=True)
    for row, talk, here in columns:
        cells.append(
            [
                row.impl,
                str(row.workers),
                _NONE if row.told is None else duration(row.told),
                seconds_here(row),
                *([_spread(row)] if repeated else []),
                *(_NONE if value is None else f"{value:.3g}" for value in (talk, here)),
                row.verdict or "not run",
            ]
        )
    return cells


def seconds_here(row: Row) -> str:
    """Return a row's cell for the seconds of here."""
    if row.here is None:
        return _NONE
    return f"{'≈ ' if row.sampled else ''}{duration(row.here)}"


def _spread(row: Row) -> str:
    if row.least is None or row.most is None:
        return _NONE
    return f"{duration(row.least)} … {duration(row.most)}"


def left_out(outcome: Outcome) -> list[str]:
    """Return why rows did not run, and what to type where they can."""
    said = [(row.reason, row.elsewhere) for row in outcome.rows if row.reason]
    lines = []
    for why, typed in dict.fromkeys(said):
        rows = [row for row in outcome.rows if (row.reason, row.elsewhere) == (why, typed)]
        names = ", ".join(dict.fromkeys(row.impl for row in rows))
        lines.append(f"{names}: not run: {why}; to run it: {typed}")
    return lines


def causes(slide: Slide, outcomes: Sequence[Outcome]) -> list[str]:
    """Return what explains the differences: known ones, and those of this machine."""
    lines = [slide.differs] if slide.differs else []
    rows = [row for outcome in outcomes for row in outcome.rows if row.here is not None]
    cores = machine.cores()
    most = max((row.workers for row in rows), default=1)
    if most > cores:
        shared = f"{cores} cores" if cores > 1 else "one core"
        lines.append(f"{most} workers share {shared} here, and compute no faster than {cores}.")
    if any(row.sampled for row in rows):
        lines.append("≈: a sample of the rows was computed, and stands for all.")
    fewer = [row for row in rows if row.at_work < row.workers]
    lines += [f"{row.impl}: {row.workers} asked for, {row.at_work} at work." for row in fewer]
    lines += [f"{row.impl}: {row.note}." for row in rows if row.note and not row.sampled]
    if any(outcome.experiment.words[0] in ("write", "read") for outcome in outcomes):
        lines.append(f"Files lie on {_file_system()} here; TMPDIR chooses another place.")
    return [*dict.fromkeys(lines)]


def _file_system() -> str:
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "an unknown file system"
    return mounts.of(text, tempfile.gettempdir()) or "an unknown file system"


def findings(told: Told) -> list[Finding]:
    """Return what came of each claim of the slide."""
    return [*judged(told.slide.claims, told.outcomes, told.load)]


def here() -> str:
    """Return this machine's processor and cores, and the version of this Python."""
    found = machine.describe()
    python = sys.version.split()[0]
    return f"{found['processor']}, {found['cores']} cores, Python {python}"


def load(told: Told) -> str:
    """Return how many other processes computed before a slide."""
    return f"other processes that computed before it: {told.load}"


def heading(name: str, slide: Slide) -> str:
    """Return what is printed before a slide is run."""
    return f"{name} {slide.number}: {slide.title}\n  {slide.lesson}\n"


def asked(experiment: Experiment) -> str:
    """Return what is printed before an experiment is run."""
    title = f"{experiment.title}: " if experiment.title else ""
    return f"{title}{' '.join(command(experiment))}"


def answered(outcome: Outcome) -> str:
    """Return what is printed of an experiment."""
    return "\n".join([*_aligned(table(outcome.rows)), *left_out(outcome), ""])


def closing(talk: Talk, told: Told) -> str:
    """Return what is printed when a slide has run: the lesson, and both machines."""
    lines = [
        *(finding.line for finding in findings(told)),
        f"talk: {talk.machine}",
        f"here: {here()}; {load(told)}",
        *(f"      {cause}" for cause in causes(told.slide, told.outcomes)),
    ]
    return "\n".join(lines) + "\n"


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        first, *others, last = row
        middle = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=False))
        lines.append("  ".join([first.ljust(widths[0]), *middle, last]))
    return lines


def as_json(name: str, talk: Talk, told: Told) -> Mapping[str, Any]:
    """Return what ``--json`` writes of a slide."""
    slide, outcomes = told.slide, told.outcomes
    return {
        "talk": name,
        "title": talk.title,
        "source": talk.source,
        "machine_of_the_talk": talk.machine,
        "slide": slide.number,
        "shows": slide.title,
        "lesson": slide.lesson,
        "experiments": [
            {
                "command": command(outcome.experiment),
                "title": outcome.experiment.title,
                "cannot_run": outcome.reason,
                "rows": [asdict(row) for row in outcome.rows],
            }
            for outcome in outcomes
        ],
        "findings": [asdict(finding) for finding in findings(told)],
        "load_before": told.load,
        "differs": slide.differs,
        "causes": causes(slide, outcomes),
    }
