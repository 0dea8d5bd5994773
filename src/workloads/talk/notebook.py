"""A talk as a Jupyter notebook: lessons, the techniques' code, timings and commands in cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import files
from workloads.talk.cells import Cells
from workloads.talk.slides import Experiment, Slide, Talk
from workloads.talk.source import KERNEL_IMPORT, LANGUAGES, source

if TYPE_CHECKING:
    from workloads.bench.workload import Technique

# How a cell calls a technique, by workload: what all calls need, the call of a technique of one
# core, and that of one with workers.
_CALLS = {
    "mandel": (
        "import numpy as np\n"
        "from workloads.mandel.grid import AREAS\n\n"
        'grid = AREAS["area1"].grid\n'
        "xs, ys = grid.axes(range(grid.height))\n"
        "out = np.empty((grid.height, grid.width), np.int32)",
        "{}(xs, ys, grid.maxiter, out)",
        "{}(grid, range(grid.height), out, workers)",
    ),
    "pi": (
        "pairs, seed = 1_000_000, 1",
        "{}(pairs, seed, None)",
        "{}(pairs, seed, workers)",
    ),
    "write": (
        "from pathlib import Path\n"
        "from tempfile import TemporaryDirectory\n"
        "from workloads.write.definition import Series\n\n"
        "series = Series(n=100, s=100)\n\n"
        "def in_new_folder(technique, workers=None):\n"
        "    with TemporaryDirectory() as folder:\n"
        "        technique(series, Path(folder), workers)",
        "in_new_folder({})",
        "in_new_folder({}, workers)",
    ),
}
_WORKERS = """\
from workloads.parallel.workers import Workers

# What cells below use: workers.started(pool) enters `pool` in the first call, and leaves it
# after the last; with guarded(...) worker processes end when this one is killed;
# `shares` divides numbers among workers."""
# The workers start in the first call, which no talk counts; a student sees where.
_WITH_WORKERS = """\
with Workers(4) as workers:
    {call}  # starts what stays up
    %timeit -n 1 -r 5 {call}"""
# What the cells before it have defined, timed once and drawn.
_PLOT = """\
import time
import matplotlib.pyplot as plt

def seconds(technique):
    with Workers(4) as workers:
        technique(workers)  # starts them, compiles
        begin = time.perf_counter()
        technique(workers)
        return time.perf_counter() - begin

times = {{
    {calls},
}}
plt.figure(layout="constrained")
plt.barh([*times], [times["{first}"] / each for each in times.values()])
plt.gca().invert_yaxis()
plt.xlabel("times as fast as {first}")
plt.show()"""
_IMAGE = """\
with Workers(4) as workers:
    {call}
window = (grid.xmin, grid.xmax, grid.ymin, grid.ymax)
# What never escapes, the set itself, becomes 0.
plt.imshow(np.cbrt((out + 1) % grid.maxiter), extent=window, origin="lower", cmap="cividis")
plt.show()"""
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Code:
    """A technique's name with its line of the registry, its code, and a cell that times it."""

    title: str
    text: str
    call: str = ""  # empty for what no cell can call: ranks, devices, kernels
    timing: str = ""
    waits: bool = False  # It computes nothing: no speed to compare


def write(path: Path, name: str, talk: Talk, slides: Mapping[int, Slide]) -> None:
    """Write slides of a talk as a notebook (nbformat 4)."""
    cells: list[dict[str, Any]] = []
    for kind, text in _cells(name, talk, slides):
        cell = {"id": f"cell-{len(cells)}", "cell_type": kind, "metadata": {}, "source": text}
        cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    files.write_json(path, notebook, ".ipynb")


def _cells(name: str, talk: Talk, slides: Mapping[int, Slide]) -> Iterator[tuple[str, str]]:
    yield (
        "markdown",
        f"# {talk.title}\n\n{talk.source}; its figures are of {talk.machine}.\n\n"
        f"`!python -m workloads talk {name} {next(iter(slides))}` sets a slide's figures beside "
        "this machine's, and says whether its lesson holds here.",
    )
    experiments = [each for slide in slides.values() for each in slide.experiments]
    workloads = dict.fromkeys(each.workload for each in experiments)
    needed = [_CALLS[workload][0] for workload in workloads if workload in _CALLS]
    yield "code", "\n\n".join([_WORKERS, *needed])
    shown = set()
    calls: dict[str, str] = {}
    cells = Cells()
    for number, slide in slides.items():
        yield "markdown", f"## {number}: {slide.title}\n\n{slide.lesson} {slide.differs}".rstrip()
        for code in codes(slide):
            if code.text not in shown and code.call:
                technique = code.title.partition(":")[0]
                text, call = cells.add(technique, code.text, code.call)
                yield "markdown", code.title
                yield "code", text
                yield "code", code.timing.format(call=call)
                if not code.waits:
                    calls[technique] = call
            elif code.text not in shown:
                yield "markdown", f"{code.title}\n\n```python\n{code.text}\n```"
            shown.add(code.text)
        for experiment in slide.experiments:
            unit = "×" if experiment.are_gains else " s"
            figures = [
                f"`{key}` {figure:.3g}{unit}"
                for key, figure in experiment.figures.items()
                if figure is not None
            ]
            title = experiment.title or "The talk"
            yield "markdown", f"{title}: {', '.join(figures) or 'no figures of the talk'}"
            yield "code", f"!{experiment.typed}"
    if calls:
        yield "markdown", "## Speed-ups\n\nChange a function above, run its cell, then this one."
        lines = (f'"{name}": seconds(lambda workers: {call})' for name, call in calls.items())
        yield "code", _PLOT.format(calls=",\n    ".join(lines), first=next(iter(calls)))
    if calls and "mandel" in workloads:
        yield "code", _IMAGE.format(call=[*calls.values()][-1])


def codes(slide: Slide) -> list[Code]:
    """Return the code of a slide's techniques and of the kernels that they call, each once."""
    by_place: dict[str, Code] = {}
    for experiment in slide.experiments:
        for name, technique in experiment.techniques.items():
            text = source(*technique.where.split(":"))
            code = Code(f"{name}: {technique.summary}", text)
            by_place.setdefault(technique.where, _called(experiment, technique, code))
            for package, kernel in KERNEL_IMPORT.findall(text):
                language = LANGUAGES[kernel.rpartition("_")[2]][0]
                compiled = source(f"{package}.{kernel}", "")
                by_place.setdefault(kernel, Code(f"{name}: its {language}", compiled))
    return [*by_place.values()]


def _called(experiment: Experiment, technique: Technique, code: Code) -> Code:
    """Return the code with a cell that times it, or as it is where no cell can call it."""
    module, _, function = technique.where.partition(":")
    # Numba's threads are as many as the cores, unless a variable says so before its import.
    is_alone, is_numbas = technique.parallel == "no", technique.needs[1:] == ("numba",)
    if (
        experiment.workload not in _CALLS
        or technique.parallel in ("ranks", "device")
        or (technique.parallel == "threads" and is_numbas)
        or "._kernels" in module
        or technique.obstacle()
    ):
        return code
    _, alone, shared = _CALLS[experiment.workload]
    call = (alone if is_alone else shared).format(function)
    if "-single" in experiment.command:
        call = call.replace("xs, ys", 'xs.astype("f4"), ys.astype("f4")')
    if is_alone:
        timing = f"%%timeit -n 1 -r {1 if technique.slow else 5}\n{{call}}"
        return replace(code, call=call, timing=timing)
    if len(technique.one_core) > 1:  # one of several kernels
        call = call.replace("workers)", 'workers, "numba")')
    return replace(code, call=call, timing=_WITH_WORKERS, waits=technique.waits)
