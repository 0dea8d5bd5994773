"""A talk as a Jupyter notebook: lessons, the techniques' code, timings and commands in cells."""

from __future__ import annotations

import ast
import importlib.util
import re
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hpcpy_common import files
from workloads.talk.slides import Slide, Talk

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

# How a cell calls a technique of one core, by workload: what the call needs, and the call.
_CALLS = {
    "mandel": (
        "import numpy as np\n"
        "from workloads.mandel.grid import AREAS\n\n"
        'grid = AREAS["area1"].grid\n'
        "xs, ys = grid.axes(range(grid.height))\n"
        "out = np.empty((grid.height, grid.width), np.int32)",
        "{}(xs, ys, grid.maxiter, out)",
    ),
    "pi": ("pairs, seed = 1_000_000, 1", "{}(pairs, seed, None)"),
    "write": (
        "from pathlib import Path\n"
        "from tempfile import TemporaryDirectory\n"
        "from workloads.write.definition import Series\n\n"
        "series = Series(n=15, s=100)\n\n"
        "def in_new_folder(technique):\n"
        "    with TemporaryDirectory() as folder:\n"
        "        technique(series, Path(folder), None)",
        "in_new_folder({})",
    ),
}
# What the cells before it have defined, timed once and drawn.
_PLOT = """\
import time
import matplotlib.pyplot as plt

techniques = {{
    {calls},
}}
speeds = {{}}
for name, technique in techniques.items():
    begin = time.perf_counter()
    technique()
    speeds[name] = 1 / (time.perf_counter() - begin)
plt.figure(layout="constrained")
plt.barh([*speeds], [speed / speeds["{first}"] for speed in speeds.values()])
plt.gca().invert_yaxis()
plt.xlabel("times as fast as {first}")
plt.show()"""
_IMAGE = """\
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
    timing: str  # empty for what no cell can call: processes, ranks, devices


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
    yield "code", "\n\n".join(needed)
    shown = set()
    calls: dict[str, str] = {}
    taken: dict[str, str] = {}
    for number, slide in slides.items():
        yield "markdown", f"## {number}: {slide.title}\n\n{slide.lesson} {slide.differs}".rstrip()
        for code in codes(slide):
            if code.text not in shown and code.timing:
                own = _with_own_names(code, taken)
                yield "markdown", own.title
                yield "code", own.text
                yield "code", own.timing
                calls[own.title.partition(":")[0]] = own.timing.partition("\n")[2]
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
        yield "markdown", "## Speed-ups\n\nChange a technique above, then run this."
        lines = (f'"{name}": lambda: {call}' for name, call in calls.items())
        yield "code", _PLOT.format(calls=",\n    ".join(lines), first=next(iter(calls)))
    if calls and "mandel" in workloads:
        yield "code", _IMAGE.format(call=[*calls.values()][-1])


def _with_own_names(code: Code, taken: dict[str, str]) -> Code:
    """Rename what another cell has defined otherwise, so that both can be run again.

    `taken` has what each name stands for; the new ones are added.
    """
    text, timing = code.text, code.timing
    suffix = re.sub(r"\W", "_", code.title.partition(":")[0])
    for node in ast.parse(code.text).body:
        for name, meaning in _meanings(node).items():
            if taken.setdefault(name, meaning) == meaning:
                continue
            new = f"{name}_{suffix}"
            if isinstance(node, ast.ImportFrom):
                text = re.sub(rf"(?m)^(from .* import .*\b{name})\b", rf"\1 as {new}", text)
            # Neither an attribute of the same name, such as NumPy's, nor a module.
            whole = re.compile(rf"(?<![\w.])(?<!from )(?<!import )(?<!, ){name}\b(?! as )")
            text, timing = (whole.sub(new, part) for part in (text, timing))
            taken[new] = meaning
    return replace(code, text=text, timing=timing)


def codes(slide: Slide) -> list[Code]:
    """Return the code of a slide's techniques, each once."""
    by_place: dict[str, Code] = {}
    for experiment in slide.experiments:
        for name, technique in experiment.techniques.items():
            module, _, function = technique.where.partition(":")
            timing = ""
            if (
                experiment.workload in _CALLS
                and technique.parallel == "no"
                and "._kernels" not in module
                and not technique.obstacle()
            ):
                call = _CALLS[experiment.workload][1].format(function)
                if "-single" in experiment.command:
                    call = call.replace("xs, ys", 'xs.astype("f4"), ys.astype("f4")')
                times = 1 if technique.slow else 5
                timing = f"%%timeit -n 1 -r {times}\n{call}"
            code = Code(f"{name}: {technique.summary}", source(module, function), timing)
            by_place.setdefault(technique.where, code)
    return [*by_place.values()]


def source(module: str, function: str) -> str:
    """Return a function, with the imports and names of its module that it uses.

    The module is not imported: its packages may be absent here.  Its text comes from its
    loader, as the image has no file of it.
    """
    package, _, name = module.rpartition(".")
    if name.startswith("_kernels"):
        # Compiled from Cython.
        return resources.files(package).joinpath(f"kernels/{name}.pyx").read_text("utf-8").strip()
    spec = importlib.util.find_spec(module)
    loader = cast("InspectLoader", spec.loader if spec else None)
    text = _plain(loader.get_source(module) or "")
    body = ast.parse(text).body
    nodes = {name: node for node in body for name in _meanings(node)}
    scopes = symtable.symtable(text, module, "exec").get_children()
    used: set[str] = set()
    # The program that the technique is, where its file can be run.
    program = [node for node in body if _is_program(node) and function in _names(node)]
    new = {function}.union(*map(_names, program)) & nodes.keys()
    while new:
        used |= new
        needed = (_names_of_module(nodes[name], scopes) for name in new)
        new = (set[str]().union(*needed) & nodes.keys()) - used
    chosen = []
    for node in body:
        if node in program or used.intersection(_meanings(node)):
            first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
            blank = [] if isinstance(node, ast.Import | ast.ImportFrom) else [""]
            chosen += [*blank, *text.splitlines()[first - 1 : node.end_lineno]]
    return "\n".join(chosen).strip()


def _plain(text: str) -> str:
    """Return a program without what checkers alone read: their comments, functions' types."""
    lines = [re.sub(r"  # (noqa|type):.*", "", line).encode() for line in text.splitlines()]
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    cuts: set[tuple[int, int, int | None]] = set()
    for node in (node for function in functions for node in ast.walk(function)):
        match node:
            case ast.arg(annotation=ast.expr() as kind):
                begin = node.col_offset + len(node.arg)
            case ast.AnnAssign(target=ast.Name() as target, annotation=kind, value=ast.expr()):
                begin = target.col_offset + len(target.id)
            case ast.FunctionDef(returns=ast.expr() as kind):
                begin = lines[kind.lineno - 1].rindex(b" -> ", 0, kind.col_offset)
            case _:
                continue
        cuts.add((kind.lineno, begin, kind.end_col_offset))
    # From the end, so that what is left keeps its place.
    for number, begin, end in sorted(cuts, reverse=True):
        lines[number - 1] = lines[number - 1][:begin] + lines[number - 1][end:]
    return "\n".join(line.decode() for line in lines)


def _is_program(node: ast.stmt) -> bool:
    """Return whether a statement is `if __name__ == "__main__"`."""
    return isinstance(node, ast.If) and "__name__" in _names(node.test)


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _names_of_module(node: ast.stmt, scopes: Sequence[symtable.SymbolTable]) -> set[str]:
    """Return the names of its module that a statement uses: no local variable's."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return _names(node)
    # Decorators and defaults belong to the scope around it.
    around: list[ast.AST] = [*node.decorator_list]
    around += [node.args] if isinstance(node, ast.FunctionDef) else []
    own = [scope for scope in scopes if scope.get_name() == node.name]
    return set[str]().union(*map(_names, around), *map(_globals, own))


def _globals(scope: symtable.SymbolTable) -> set[str]:
    names = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return names.union(*map(_globals, scope.get_children()))


def _meanings(node: ast.stmt) -> dict[str, str]:
    """Return the names that a statement of a module binds, and what each stands for."""
    names: list[str] = []
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            names = [name]
        case ast.ImportFrom(names=aliases):
            return {each.asname or each.name: f"{node.module}.{each.name}" for each in aliases}
        case ast.Import(names=aliases):
            names = [each.asname or each.name.partition(".")[0] for each in aliases]
        case ast.Assign(targets=targets):
            parts = (part for target in targets for part in ast.walk(target))
            names = [part.id for part in parts if isinstance(part, ast.Name)]
    return dict.fromkeys(names, ast.unparse(node))
