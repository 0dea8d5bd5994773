"""What is kept of a storm: samples as JSON, a table, a picture."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.core.files import whole_file
from measure.report import draw
from measure.targets import container
from sharedfs import storm_chart
from sharedfs.configuration import Images
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.images import digest
from sharedfs.plan import Keep, Plan
from sharedfs.programs import PROGRAMS
from sharedfs.samples import Sample
from workloads.harness import machine


def circumstances(
    plan: Plan, images: Images, words: Sequence[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a report says beside its samples."""
    return {
        "benchmark": "storm",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python3", f"benchmarks/{words[0]}", *words[1:]]),
        "machine": machine.describe(),
        "load_average": os.getloadavg(),
        "images": {name: digest(sif) for name, sif in images.sif.items()},
        "configurations": {name: CONFIGURATIONS[name].title for name in plan.configurations},
        "programs": {name: PROGRAMS[name] for name in plan.programs},
        **more,
    }


def recorded(
    path: Path, head: Mapping[str, Any], measured: Callable[[Keep], list[Sample]]
) -> list[Sample]:
    """Measure, and have the report in a file; what came before a failure is in another."""
    unfinished = path.with_suffix(".unfinished.json")
    unfinished.unlink(missing_ok=True)
    try:
        samples = measured(lambda found: write(unfinished, head, found))
        unfinished.rename(path)
    finally:
        if unfinished.exists():
            print(f"{unfinished} has what was measured", file=sys.stderr)
    return samples


def write(path: Path, head: Mapping[str, Any], samples: Sequence[Sample]) -> None:
    """Write a report as JSON, a sample a line: some have dozens of ranks."""
    first = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    lines = ",\n".join(json.dumps(one.as_dict()) for one in samples)
    with whole_file(path) as temporary:
        temporary.write_text(f'{first},\n "samples": [\n{lines}\n ]\n}}\n')


def pictured(path: Path, images: Images) -> None:
    """Draw a report beside it, by an image's matplotlib."""
    name, sif = next(iter(images.sif.items()))
    with tempfile.TemporaryDirectory(prefix="hpcpy-storm.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        target = container(name, sif, work, images.apptainer)
        draw(path, path.with_suffix(".png"), target, work, Path(storm_chart.__file__))
    print(f"{path} has the samples, {path.stem}.png their picture", file=sys.stderr)


_Rows = Sequence[Sample]
_Figure = Callable[[_Rows], float]


def table(samples: Sequence[Sample], on_disk: Mapping[str, int] | None = None) -> str:
    """Return tables in Markdown, one for each program and temperature."""
    columns = _columns(samples, on_disk or {})
    groups: dict[str, dict[str, list[Sample]]] = {}
    for one in samples:
        group = groups.setdefault(f"{one.case.program}, {one.temperature}", {})
        group.setdefault(one.case.configuration, []).append(one)
    parts = []
    for title, group in groups.items():
        lines = [f"| {' | '.join([title, *columns])} |", f"|---|{'--:|' * len(columns)}"]
        for name, rows in group.items():
            cells = [f"{figure(rows):{form}}" for form, figure in columns.values()]
            lines.append(f"| {' | '.join([name, *cells])} |")
        parts.append("\n".join([*lines, ""]))
    return "\n".join(parts)


def _columns(
    samples: Sequence[Sample], on_disk: Mapping[str, int]
) -> dict[str, tuple[str, _Figure]]:
    """Return the head of each column with its number's form, and what finds it."""
    nodes = sorted({one.case.nodes for one in samples})
    ranks = sorted({one.case.ranks for one in samples})
    small = (nodes[0], ranks[0])

    def at(size: tuple[int, int], what: Callable[[Sample], float]) -> _Figure:
        return lambda rows: statistics.median(
            what(one) for one in rows if (one.case.nodes, one.case.ranks) == size
        )

    def further(size: tuple[int, int], number: int) -> _Figure:
        return lambda rows: (at(size, _packets)(rows) - at(small, _packets)(rows)) / number

    found: dict[str, tuple[str, _Figure]] = {}
    if any(one.asked for one in samples):
        found["requests, first rank"] = ",.0f", lambda rows: at(small, _packets)(rows) / nodes[0]
        if more := (ranks[-1] - ranks[0]) * nodes[0]:
            found["further rank"] = ",.1f", further((nodes[0], ranks[-1]), more)
        if more := nodes[-1] - nodes[0]:
            found["further node"] = ",.1f", further((nodes[-1], ranks[0]), more)
        found["MB read"] = ",.0f", at(small, lambda one: one.served / nodes[0] / 1e6)
    if on_disk:
        found["MB stored"] = ",.0f", lambda rows: on_disk[rows[0].case.configuration] / 1e6
    found["CPU, s"] = ".2f", at(small, _of_ranks("cpu", 1))
    found["private MB"] = ".0f", at(small, _of_ranks("private", 1e6))
    for size in dict.fromkeys([small, (nodes[-1], ranks[-1])]):
        found[f"s, {size[0]} × {size[1]}"] = ".2f", at(size, lambda one: one.launch.last)
    return found


def _packets(sample: Sample) -> float:
    return sum(one.packets for one in sample.asked)


def _of_ranks(name: str, unit: float) -> Callable[[Sample], float]:
    return lambda one: statistics.median(rank[name] for rank in one.launch.ranks) / unit
