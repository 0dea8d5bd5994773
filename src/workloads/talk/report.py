"""A slide's own table: the talk's figures beside those of this machine, and why they differ."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workloads.doctor import mounts
from workloads.harness import machine
from workloads.harness.result import duration
from workloads.talk.run import Row, command
from workloads.talk.slides import Experiment, Slide, Talk

_HEAD = ("technique", "workers", "talk", "here", "talk, times", "here, times", "answer")
_NONE = "–"


@dataclass(frozen=True)
class Outcome:
    """What an experiment gave, or why it could not run.

    Parameters
    ----------
    experiment
        Which.
    rows
        Empty where it could not run.
    reason
        Why not.
    """

    experiment: Experiment
    rows: Sequence[Row]
    reason: str = ""


def times(rows: Sequence[Row], *, told: bool) -> list[float | None]:
    """Return how many times faster than the first each is, of the talk or of here."""
    values = [row.told if told else row.here for row in rows]
    first = next(iter(values), None)
    return [first / value if first and value else None for value in values]


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells, the head first."""
    cells = [list(_HEAD)]
    columns = zip(rows, times(rows, told=True), times(rows, told=False), strict=True)
    for row, talk, here in columns:
        about = "≈ " if row.sampled else ""
        cells.append(
            [
                row.impl,
                str(row.workers),
                _NONE if row.told is None else duration(row.told),
                _NONE if row.here is None else f"{about}{duration(row.here)}",
                *(_NONE if value is None else f"{value:.3g}" for value in (talk, here)),
                row.verdict or "not run",
            ]
        )
    return cells


def causes(slide: Slide, outcomes: Sequence[Outcome]) -> list[str]:
    """Return what of this machine explains the differences, measured or known."""
    lines = [slide.differs] if slide.differs else []
    rows = [row for outcome in outcomes for row in outcome.rows if row.here is not None]
    cores = machine.cores()
    most = max((row.workers for row in rows), default=1)
    if most > cores:
        shared = f"{cores} cores" if cores > 1 else "one core"
        lines.append(f"{most} workers share {shared} here, and compute no faster than {cores}.")
    if any(row.sampled for row in rows):
        lines.append("≈: a sample of the rows was computed, and stands for all.")
    lines += [f"{row.impl}: {row.note}." for row in rows if row.note and not row.sampled]
    if any(outcome.experiment.words[0] in ("write", "read") for outcome in outcomes):
        lines.append(f"Files lie on {_file_system()} here; TMPDIR chooses another place.")
    return [*dict.fromkeys(lines)]


def circumstances() -> dict[str, Any]:
    """Return what the figures of here were measured on."""
    return {**machine.describe(), "python": sys.version.split()[0], "load": os.getloadavg()[0]}


def _file_system() -> str:
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "an unknown file system"
    return mounts.of(text, tempfile.gettempdir()) or "an unknown file system"


def heading(name: str, slide: Slide) -> str:
    """Return what is printed before a slide is run."""
    return f"{name} {slide.number}: {slide.title}\n  {slide.lesson}\n"


def asked(experiment: Experiment) -> str:
    """Return what is printed before an experiment is run."""
    title = f"{experiment.title}: " if experiment.title else ""
    return f"{title}{' '.join(command(experiment))}"


def answered(outcome: Outcome) -> str:
    """Return what is printed of an experiment."""
    if outcome.reason:
        return f"  cannot run here: {outcome.reason}\n"
    return "\n".join([*_aligned(table(outcome.rows)), ""])


def closing(talk: Talk, slide: Slide, outcomes: Sequence[Outcome]) -> str:
    """Return what is printed when a slide has run: both machines, and why they differ."""
    here = circumstances()
    lines = [
        f"talk: {talk.machine}",
        f"here: {here['processor']}, {here['cores']} cores, Python {here['python']}, "
        f"load {here['load']:.1f}",
        *(f"      {cause}" for cause in causes(slide, outcomes)),
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


def as_json(name: str, talk: Talk, slide: Slide, outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    """Return the same for ``--json``."""
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
        "causes": causes(slide, outcomes),
    }
