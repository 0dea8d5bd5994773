"""A talk as a Jupyter notebook: lessons, the techniques' code, timings and commands in cells."""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from workloads.bench import files
from workloads.talk.slides import Experiment, Slide, Talk

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

    from workloads.bench.technique import Technique

# How a cell calls a technique without workers, by workload: what it needs, and the call.
_CALLS = {
    "mandel": (
        "import numpy as np\n"
        "from workloads.mandel.grid import AREAS\n\n"
        'grid = AREAS["area1"].grid\n'
        "xs, ys = grid.axes(range(grid.height))\n"
        "out = np.empty((grid.height, grid.width), np.int32)",
        "(xs, ys, grid.maxiter, out)",
    ),
    "pi": ("pairs, seed = 1_000_000, 1", "(pairs, seed, None)"),
}
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Code:
    """A technique's name with its line of the registry, its code, and a cell that times it."""

    title: str
    text: str
    timing: str  # empty for what no cell can call: processes, ranks, devices


def write(path: Path, name: str, talk: Talk, slides: Mapping[int, Slide]) -> None:
    """Write slides of a talk as a notebook (nbformat 4)."""
    cells = []
    for number, (kind, text) in enumerate(_cells(name, talk, slides)):
        cell = {"id": f"cell-{number}", "cell_type": kind, "metadata": {}}
        code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
        cells.append({**cell, "source": text.splitlines(keepends=True), **code})
    metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    with files.whole_file(path, ".ipynb") as temporary:
        temporary.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _cells(name: str, talk: Talk, slides: Mapping[int, Slide]) -> Iterator[tuple[str, str]]:
    yield (
        "markdown",
        f"# {talk.title}\n\n{talk.source}; its figures are of {talk.machine}.\n\n"
        f"`!python -m workloads talk {name} {next(iter(slides))}` sets a slide's figures beside "
        "this machine's, and says whether its lesson holds here.",
    )
    # numba reads annotations, whose names are imported for type checkers alone.
    yield "code", "from __future__ import annotations"
    shown = set()
    for number, slide in slides.items():
        yield "markdown", f"## {number}: {slide.title}\n\n{slide.lesson} {slide.differs}".rstrip()
        needed = _CALLS.get(slide.experiments[0].workload, ("",))[0]
        if needed and needed not in shown:
            yield "code", needed
        for code in codes(slide):
            if code.text not in shown and code.timing:
                yield "markdown", code.title
                yield "code", code.text
                yield "code", code.timing
            elif code.text not in shown:
                yield "markdown", f"{code.title}\n\n```python\n{code.text}\n```"
            shown.add(code.text)
        shown.add(needed)
        for experiment in slide.experiments:
            yield "markdown", _figures(experiment)
            yield "code", f"!{experiment.typed}"


def _figures(experiment: Experiment) -> str:
    """Return an experiment's title and the talk's figures as Markdown."""
    unit = "×" if experiment.are_gains else " s"
    figures = [
        f"`{key}` {figure:.3g}{unit}" for key, figure in experiment.figures.items() if figure
    ]
    return f"{experiment.title or 'The talk'}: {', '.join(figures) or 'no figures of the talk'}"


def codes(slide: Slide) -> list[Code]:
    """Return the code of a slide's techniques, each once."""
    by_place: dict[str, Code] = {}
    for experiment in slide.experiments:
        for name, technique in experiment.techniques.items():
            function = technique.where.partition(":")[2] or "compute"
            timing = ""
            is_python = "._kernels" not in technique.where
            if technique.parallel == "no" and is_python and experiment.workload in _CALLS:
                times = 1 if technique.slow else 5
                call = f"{function}{_CALLS[experiment.workload][1]}"
                timing = f"%%timeit -n 1 -r {times}\n{call}"
            code = Code(f"{name}: {technique.summary}", source(technique, function), timing)
            by_place.setdefault(technique.where, code)
    return [*by_place.values()]


def source(technique: Technique, function: str) -> str:
    """Return a technique's function, with the imports and names of its module that it uses.

    The module is not imported: its packages may be absent here.  Its text comes from its
    loader, as the image has no file of it.
    """
    package, _, name = technique.module.rpartition(".")
    if name.startswith("_kernels"):
        # Compiled from Cython.
        return resources.files(package).joinpath(f"kernels/{name}.pyx").read_text("utf-8").strip()
    spec = importlib.util.find_spec(technique.module)
    loader = cast("InspectLoader", spec.loader if spec else None)
    text = loader.get_source(technique.module) or ""
    body = ast.parse(text).body
    nodes = {name: node for node in body for name in _bound(node)}
    used: set[str] = set()
    # Without such a function, all that the module has.
    new = {function} & nodes.keys() or {*nodes}
    while new:
        used |= new
        parts = (part for name in new for part in ast.walk(nodes[name]))
        new = ({part.id for part in parts if isinstance(part, ast.Name)} & nodes.keys()) - used
    imports: list[str] = []
    others: list[str] = []
    for node in body:
        if used.intersection(_bound(node)):
            first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            lines = text.splitlines()[first - 1 : node.end_lineno]
            (imports if is_import else others).append("\n".join(lines))
    return "\n\n".join(["\n".join(imports), *others]).strip()


def _bound(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module binds."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names) if (
            names[0].name != "annotations"
        ):
            return [alias.asname or alias.name.partition(".")[0] for alias in names]
    return []
