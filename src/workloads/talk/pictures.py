"""The pictures of a talk's page, each within it: speed-ups, the Mandelbrot set, hottest lines."""

from __future__ import annotations

import base64
import functools
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TypeAlias

from hpcpy_common.errors import UnavailableError, require_module
from workloads.bench import plot
from workloads.talk import report, run
from workloads.talk.slides import Experiment

_PIXELS, _HOTTEST = 400, 5
Points: TypeAlias = tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


def why_no_charts() -> str:
    """Return why there is no chart, or an empty string."""
    try:
        require_module("matplotlib", "No charts: ")
    except UnavailableError as error:
        return str(error)
    return ""


def of(outcome: run.Outcome) -> Iterator[str]:
    """Give a chart of a table's speed-ups, and a small picture of its Mandelbrot set's area."""
    keys, command = [row.key for row in outcome.rows], outcome.experiment.command
    talk, here = (
        tuple((key, ratio) for key, ratio in zip(keys, ratios, strict=True) if ratio)
        for ratios in zip(*report.speed_ups(outcome.rows), strict=True)
    )
    if len(here) > 1 and not why_no_charts():
        title, unit = outcome.experiment.title or command, f"times as fast as {keys[0]}"
        yield _chart(title, unit, (("talk", talk), ("here", here)))
    if here and (area := re.match(r"mandel .*--area (area\d)", command)):
        yield _area(area[1])


def _image(draw: Callable[[Path], object], kind: str, text: str) -> str:
    """Return what is drawn as an element of a page; `kind` is that of the media type."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture.{kind.partition('+')[0]}"
        draw(path)
        data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(text)}" src="data:image/{kind};base64,{data}"></p>'


# A page is written anew after each slide: what has been drawn is kept.
@functools.cache
def _chart(title: str, unit: str, points: Points) -> str:
    series = {where: dict(ratios) for where, ratios in points if ratios}
    return _image(
        lambda path: plot.number_chart(path, title, unit, series), "svg+xml", f"{title}: {unit}"
    )


@functools.cache
def _area(name: str) -> str:
    import numpy as np  # noqa: PLC0415

    from workloads.mandel import grid, numpy_, output  # noqa: PLC0415

    small = replace(grid.AREAS[name].grid, width=_PIXELS, height=_PIXELS)
    out = np.empty((_PIXELS, _PIXELS), np.int32)
    numpy_.fill(*small.axes(range(_PIXELS)), small.maxiter, out)

    def draw(path: Path) -> None:
        with output.sink(path, small) as write:
            write(out)

    return _image(draw, "png", f"the Mandelbrot set: {name}")


@functools.cache
def hottest(profiled: str) -> str:
    """Return the lines of a program that take the most time, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "lines"
        try:
            run.start(Experiment(f"{profiled} --profile line {profile}", {}))
        except UnavailableError as error:
            return str(error)
        text = profile.read_text("utf-8")
    # Number, hits, time, time of a hit, percent of its function's time, and the line itself.
    lines = re.findall(r"(?m)^ *\d+ +\d+ +(\S+) +\S+ +([\d.]+)  (.*)", text)
    lines.sort(key=lambda line: float(line[0]), reverse=True)
    shown = [f"{percent:>5} % of its function:  {code.strip()}" for _, percent, code in lines]
    command = f"python -m workloads {profiled} --profile line FILE"
    return "\n".join([f"The hottest lines: {command}", *shown[:_HOTTEST]])
