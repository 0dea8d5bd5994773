"""The curves of docs/mandelbrot.md are those of the stored samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from workloads.harness import scaling
from workloads.harness.result import Result, read_json
from workloads.harness.scaling import STRONG, serial_fraction
from workloads.talk import registry

DOCS = Path(__file__).resolve().parents[2] / "docs"
CLOCK, PROCESSOR = "clock", "processor time"


def _rows() -> Iterator[list[str]]:
    """Yield the cells of each row of the table."""
    page = (DOCS / "mandelbrot.md").read_text("utf-8")
    table = page.partition("\n|curve|by|talk|here|serial|")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield line.strip("|").split("|")


def _of_slide(talk: str, number: int, impl: str) -> list[Result]:
    """Return the rows of a slide as results."""
    report = json.loads((DOCS / f"results/talk-{talk}.json").read_text("utf-8"))
    slide = next(one for one in report["slides"] if one["slide"] == number)
    # The last of several sizes, which is the largest.
    *_, rows = [
        found
        for one in slide["experiments"]
        if (found := [row for row in one["rows"] if row["impl"] == impl])
    ]
    cores = report["machine"]["cores"]
    return [
        # What the page shows of several samples is their median.
        Result(
            impl,
            "",
            [row["here"]],
            work=1,
            workers=row["workers"],
            cores=min(row["workers"], cores),
        )
        for row in rows
    ]


def _told(talk: str, number: int, impl: str, workers: int) -> str:
    *_, one = (
        each for each in registry.slide(talk, number).experiments if (impl, workers) in each.told
    )
    first, last = one.told[impl, 1], one.told[impl, workers]
    return f"{first / last if first and last else one.times[impl, workers]:.3g}×"


def _cells(by: str, talk: str, results: list[Result], workers: int) -> list[str]:
    (points,) = scaling.series(results).values()
    (times,) = (times for one, times, _ in points if one.workers == workers)
    alone = [one for one in results if by == PROCESSOR or one.workers <= one.cores]
    serial, off = serial_fraction(alone, STRONG)
    how_far = f" ({off:.0%})".replace("%", " %") if len(alone) > 2 or off > 0.005 else ""
    return [by, talk, f"{times:#.3g}×", f"{serial:.1%}".replace("%", " %") + how_far]


def _slide(talk: str, number: int, impl: str, workers: int) -> list[str]:
    told = _told(talk, number, impl, workers)
    return _cells(CLOCK, told, _of_slide(talk, number, impl), workers)


def _report(name: str, by: str, impl: str, workers: int) -> list[str]:
    results, _ = read_json(DOCS / f"results/{name}.json", "mandel")
    return _cells(by, "–", [one for one in results if one.impl == impl], workers)


CURVES = {
    "`vectorize-parallel`, 14": partial(_slide, "nih", 9, "vectorize-parallel", 14),
    "`multiprocessing-lists`, 8": partial(_slide, "nih", 10, "multiprocessing-lists", 8),
    "`queue` of `write`, 16": partial(_slide, "usc", 32, "queue", 16),
    "`threads`, 2": partial(_report, "mandel-scale", CLOCK, "threads", 2),
    "`multiprocessing`, 2": partial(_report, "mandel-scale", CLOCK, "multiprocessing", 2),
    "`queue`, 2": partial(_report, "mandel-scale", CLOCK, "queue", 2),
    "`mpi-block`, 4": partial(_report, "mandel-ranks", PROCESSOR, "mpi-block", 4),
    "`mpi-cyclic`, 64": partial(_report, "mandel-ranks", PROCESSOR, "mpi-cyclic", 64),
    "`mpi-dynamic`, 64": partial(_report, "mandel-ranks", PROCESSOR, "mpi-dynamic", 64),
}


@pytest.mark.parametrize("curve", CURVES)
def test_a_curve_is_that_of_the_stored_samples(curve: str) -> None:
    (row,) = (row for row in _rows() if row[0].startswith(f"{curve} "))
    assert row[1:5] == CURVES[curve]()


def test_every_curve_of_the_page_is_held_to_samples() -> None:
    assert len([*_rows()]) == len(CURVES)
