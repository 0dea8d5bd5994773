"""Typed memory views, with which Cython's loops ask nothing of Python; needs Cython."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import re
import tempfile
from pathlib import Path
from typing import Any

from hpcpy_common.errors import HpcpyError
from workloads.exercise.judging import difference, lines_run, number, plate_and_step, wrong_r
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat cython",
    function="step",
    needs=("numpy", "Cython"),
    elsewhere="check it in the image hpcpy-dev, or where you pip install cython",
    second="heat",
)


def judge(module: Any) -> str:
    for r in 0.25, 0.125:
        old, want = plate_and_step((12, 9), r)
        new = old.copy()
        _, lines = lines_run(module, functools.partial(module.step, old, new, r))
        if wrong := difference(new, want, "step"):
            return f"{wrong_r(new, old, r) if r != 0.25 else ''}in new {wrong}"
    if lines < 10 * 7:
        return "right, but not point by point: whole arrays are NumPy's work, not Cython's"
    without = Path(module.__file__).read_bytes(), "heat"
    calls, _ = _translated(module, *without)
    if not calls:
        return ""
    if not _translated(module, *without, boundscheck=False)[0]:
        return f"line {min(calls)} checks each index: @cython.boundscheck(False) stands above step"
    return f"line {min(calls)} calls Python for each point: all names in it need a C type"


def judge_second(module: Any) -> str:
    field, _ = plate_and_step((12, 9))
    answer, lines = lines_run(module, lambda: module.heat(field))
    if (total := number(answer, float, "heat")) != field.sum():
        return f"heat is {total}, not {field.sum()}"
    if lines < field.size:
        return "right, but not point by point: whole arrays are NumPy's work, not Cython's"
    return _wrong_threads(module, Path(module.__file__).read_bytes())


def _wrong_threads(module: Any, text: bytes) -> str:
    """Say why the C of `heat` does not share its rows among threads."""
    calls, c = _translated(module, text, "step")
    loops = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.For)]
    shared = [each for each in loops if "prange" in ast.unparse(each.iter)]
    if "#pragma omp" not in c or not shared:
        return "right, but by one thread: prange shares the rows"
    if inner := [each for loop in loops for each in shared if each in [*ast.walk(loop)][1:]]:
        return f"line {inner[0].lineno} starts threads for each row: the outer loop is prange's"
    if "nogil" not in ast.unparse(shared[0].iter):
        return "the threads take turns, as each holds the GIL: prange(rows, nogil=True)"
    if "reduction(" not in c:
        return "the threads' sums are not added up: Cython does it where it sees total += number"
    # To start threads calls Python, once.
    calls -= {each.lineno for each in shared}
    return f"line {min(calls)} calls Python: all names in it need a C type" if calls else ""


def _translated(module: Any, text: bytes, without: str, **directives: bool) -> tuple[set[int], str]:
    """Return which lines of loops call Python in C, and the C; raise Cython's first error.

    A function, of the other hole, is left out.
    """
    from Cython.Compiler.Main import CompilationOptions, compile_single, default_options

    tree, lines = ast.parse(text), text.decode().splitlines()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == without:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines[first - 1 : node.end_lineno] = [""] * ((node.end_lineno or first) + 1 - first)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(module.__file__).name
        file.write_text("\n".join(lines), encoding="utf-8")
        fields = {"annotate": "default", "compiler_directives": directives, "language_level": 3}
        options = CompilationOptions(default_options, output_file=f"{folder}/mine.c", **fields)
        with contextlib.redirect_stderr(io.StringIO()) as messages:
            result = compile_single(str(file), options, full_module_name="mine")
        if result.num_errors:
            errors = re.findall(rf"{re.escape(file.name)}:(\d+):\d+: (.*)", messages.getvalue())
            line, error = (errors or [("?", "an error")])[0]
            raise HpcpyError(f"line {line}: Cython says: {error}")
        page, c = (Path(folder, f"mine.{end}").read_text("utf-8") for end in ("html", "c"))
    # A score counts a line's calls of Python.
    scores = re.findall(r'cython line score-(\d+)"[^>]*>.*?<span class="">0*(\d+)</span>', page)
    loops = [each for each in ast.walk(tree) if isinstance(each, (ast.For, ast.While))]
    inside = {line for each in loops for line in range(each.lineno, (each.end_lineno or 0) + 1)}
    return {int(line) for score, line in scores if int(score)} & inside, c
