"""A talk as a Jupyter notebook: lessons, the techniques' files, timings and commands in cells.

A cell writes a technique's file beside the notebook, and the next ones import it: so worker
processes find its functions, and a student changes the file in its cell.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import files
from workloads.talk.slides import Experiment, Slide, Talk
from workloads.talk.source import kernel, kernels, parameters, program

if TYPE_CHECKING:
    from workloads.bench.workload import Technique

_SETUP = """\
import multiprocessing
from importlib import reload

workers, times = 4, {}"""
# What the techniques of a workload are called with: variables with the names of parameters.
_PROBLEMS = {
    "mandel": """\
from functools import partial
import numpy as np
from workloads.mandel.grid import AREAS
from workloads.mandel.registry import Kernel
from workloads.mandel.rows import compute_rows

grid = AREAS["area1"].grid
maxiter = grid.maxiter
xs, ys = grid.axes(range(grid.height))
out = np.empty((grid.height, grid.width), np.int32)
compute = partial(compute_rows, Kernel("numba"), xs, maxiter)""",
    "pi": "pairs, seed = 1_000_000, 1",
    "write": """\
from pathlib import Path
from tempfile import TemporaryDirectory
from workloads.write.definition import Series

series, files = Series(n=100, s=100), TemporaryDirectory()
folder = Path(files.name)""",
}
# What starts before the clock, by a technique's parameter or its way to start workers.
_WITH = {
    "client": "from dask.distributed import Client\n"
    "with Client(n_workers=workers, threads_per_worker=1) as client:",
    "thread": "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(workers) as pool:",
    "interpreter": "from concurrent.futures import InterpreterPoolExecutor\n"
    "with InterpreterPoolExecutor(workers) as pool:",
}
# What follows a technique's timing: a wrong one may look fast.
_CHECKS = {
    "mandel": "print('right' if out.sum() + out.size == AREAS['area1'].tests else 'WRONG')",
    "pi": "print(f'π ≈ {4 * count / pairs}')",
}
_POOL = 'with multiprocessing.get_context("{}").Pool(workers) as pool:'
_CONTEXT = 'context = multiprocessing.get_context("{}")'
_PLOT = """\
import matplotlib.pyplot as plt

first, *_ = times
plt.figure(layout="constrained")
plt.barh([*times], [times[first].best / each.best for each in times.values()])
plt.gca().invert_yaxis()
plt.xlabel(f"times as fast as {first}")
plt.show()"""
_IMAGE = """\
window = (grid.xmin, grid.xmax, grid.ymin, grid.ymax)
# What never escapes, the set itself, becomes 0.
plt.imshow(np.cbrt((out + 1) % grid.maxiter), extent=window, origin="lower", cmap="cividis")
plt.show()"""
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass
class Code:
    """A file of techniques, or a kernel that one of them calls."""

    name: str
    text: str
    language: str = "Python"
    titles: list[str] = field(default_factory=list)  # of the techniques that a slide has of it
    timings: list[str] = field(default_factory=list)  # cells, one for each that can be called


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
        "this machine's, and says whether its lesson holds here. A cell with `%%writefile` has a "
        "technique's file: change it, run the cell, and then the timing below. Open this notebook "
        "in a folder of your own. `!python -m workloads` runs the image's files, not yours.",
    )
    experiments = [each for slide in slides.values() for each in slide.experiments]
    workloads = dict.fromkeys(each.workload for each in experiments)
    problems = [_PROBLEMS[workload] for workload in workloads if workload in _PROBLEMS]
    yield "code", "\n\n".join([_SETUP, *problems])
    shown: set[str] = set()
    for number, slide in slides.items():
        yield "markdown", f"## {number}: {slide.title}\n\n{slide.lesson} {slide.differs}".rstrip()
        for code in codes(slide):
            yield from _cells_of(code, shown)
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
    if any("times[" in text for text in shown):
        yield "markdown", "## Speed-ups"
        yield "code", _PLOT
        if "mandel" in workloads:
            yield "code", _IMAGE


def _cells_of(code: Code, shown: set[str]) -> Iterator[tuple[str, str]]:
    """Give the cells of a file that no slide before has shown, and of its techniques."""
    if code.language != "Python":
        if code.name not in shown:
            block = f"```{code.language.lower()}\n{code.text}\n```"
            yield "markdown", f"{code.name}, the {code.language} of it\n\n{block}"
    else:
        yield "markdown", "\n".join(f"- {title}" for title in dict.fromkeys(code.titles))
        if code.name not in shown:
            yield "code", f"%%writefile {code.name}\n{code.text}"
        timings = dict.fromkeys(code.timings)
        yield from (("code", timing) for timing in timings if timing not in shown)
    shown.update([code.name, *code.timings])


def codes(slide: Slide) -> list[Code]:
    """Return the files of a slide's techniques, and the kernels that they call, each once."""
    by_name: dict[str, Code] = {}
    for experiment in slide.experiments:
        for name, technique in experiment.techniques.items():
            module, _, function = technique.where.partition(":")
            if "._kernels" in module:
                language, text = kernel(module)
                by_name.setdefault(module, Code(module.rpartition(".")[2], text, language))
                continue
            # Pools of pi: pools_pi.py.  A student's answer is named the other way, as its exercise.
            package, own_name = module.split(".")[-2:]
            file = f"{own_name.strip('_')}_{package}.py"
            code = by_name.setdefault(file, Code(file, program(module)))
            code.titles.append(f"{name}: {technique.summary}")
            if experiment.workload in _PROBLEMS and not _is_apart(technique):
                code.timings.append(_timing(code, name, experiment, function))
            for own, (language, text) in kernels(code.text).items():
                by_name.setdefault(own, Code(own, text, language))
    return [*by_name.values()]


def _is_apart(technique: Technique) -> bool:
    """Return whether no cell can call a technique: ranks, devices, what is not here."""
    # Numba's threads are as many as the cores, unless a variable says so before its import.
    is_numbas = technique.parallel == "threads" and technique.needs[1:] == ("numba",)
    return is_numbas or technique.parallel in ("ranks", "device") or bool(technique.obstacle())


def _timing(code: Code, name: str, experiment: Experiment, function: str) -> str:
    """Return a cell that times a technique; what it is given has the names of its parameters."""
    technique, is_single = experiment.techniques[name], "-single" in experiment.command
    module = code.name.removesuffix(".py")
    given = parameters(code.text, function)
    call = f"{module}.{function}({', '.join(given)})"
    if is_single:
        call = call.replace("xs, ys", 'xs.astype("f4"), ys.astype("f4")')
    repeat = 1 if technique.slow else 5
    timing = f"%timeit -o -n 1 -r {repeat} {call}"
    if not technique.waits:
        timing = f'times["{name}"] = {timing}'
    if experiment.workload == "pi":
        timing = f"count = {call}\n{timing}"
    if experiment.workload in _CHECKS and not is_single:
        timing += f"\n{_CHECKS[experiment.workload]}"
    first = f"import {module}\nreload({module})"
    start = ""
    if "pool" in given:
        start = _WITH.get(technique.starts) or _POOL.format(technique.starts)
    elif "client" in given:
        start = _WITH["client"]
    elif "context" in given:
        first = f"{first}\n{_CONTEXT.format(technique.starts)}"
    if start:
        timing = f"{start}\n{textwrap.indent(timing, ' ' * 4)}"
    return f"{first}\n{timing}"
