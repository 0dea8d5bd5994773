"""The pictures of a talk's page, each within it: speed-ups, the Mandelbrot set, hottest lines."""

from __future__ import annotations

import base64
import functools
import importlib.util
import re
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path

from hpcpy_common.errors import UnavailableError
from workloads.bench import plot
from workloads.talk import report, run
from workloads.talk.slides import Experiment


# A page is written anew after each slide: what has been drawn is kept.
@functools.cache
def of(outcome: run.Outcome) -> list[str]:
    """Return a chart of a table's speed-ups, and a small picture of its Mandelbrot set's area."""
    images, command = [], outcome.experiment.command
    pairs = zip(outcome.rows, report.speed_ups(outcome.rows), strict=True)
    ratios = [(row.key, *both) for row, both in pairs]
    series = {"talk": {key: talk for key, talk, _ in ratios if talk}}
    series["here"] = {key: here for key, _, here in ratios if here}
    if len(series["here"]) > 1 and importlib.util.find_spec("matplotlib"):
        title, unit = outcome.experiment.title or command, f"times as fast as {ratios[0][0]}"
        shown = {where: own for where, own in series.items() if own}
        chart = functools.partial(plot.number_chart, title=title, unit=unit, series=shown)
        images.append(_image(chart, "svg+xml", f"{title}: {unit}"))
    if series["here"] and (area := re.match(r"mandel .*--area (area\d)", command)):
        images.append(_area(area[1]))
    return images


@functools.cache
def _area(name: str) -> str:
    from workloads.mandel.grid import AREAS  # noqa: PLC0415

    grid = AREAS[name].grid
    window = f"{grid.xmin} {grid.xmax} {grid.ymin} {grid.ymax} --size 400 400"
    command = f"mandel --window {window} --maxiter {grid.maxiter} --out "
    return _image(lambda path: run.start(Experiment(f"{command}{path}", {})), "png", name)


def _image(draw: Callable[[Path], object], kind: str, text: str) -> str:
    """Return what is drawn as an element of a page; `kind` is that of the media type."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture.{kind.partition('+')[0]}"
        draw(path)
        data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(text)}" src="data:image/{kind};base64,{data}"></p>'


@functools.cache
def hottest(profiled: str) -> str:
    """Return the lines of a program that take a tenth of their function's time, or why not."""
    command = f"{profiled} --profile line "
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "lines"
        try:
            run.start(Experiment(f"{command}{profile}", {}))
        except UnavailableError as error:
            return str(error)
        # Number, hits, time, time of a hit, percent of its function's time, and the line itself.
        line = r"(?m)^ *Line # .*|^ *\d+ +\d+ +\S+ +\S+ +\d\d[\d.]+  .*"
        lines = re.findall(line, profile.read_text("utf-8"))
    return "\n".join([f"python -m workloads {command}FILE", *dict.fromkeys(lines)])
