"""Typed memory views, with which Cython's loops ask nothing of Python; needs Cython."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tempfile
from pathlib import Path
from typing import Any

from hpcpy_common.errors import WorkloadError
from workloads.exercise.judging import difference, lines_run
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat cython",
    function="step",
    needs=("numpy", "Cython"),
    elsewhere="check it in the image hpcpy-dev, or where you pip install cython",
    task="""
step does one step of a plate: from the array `old` into the array `new`, point by point. Cython
makes C of it. Where a name has no C type, that C asks Python for each number, and is hardly
faster than Python. So give types to all that the loops use:

    a: cython.double[:, ::1] = old     # a memory view: rows of doubles, one behind the other
    c: cython.double = r
    i: cython.Py_ssize_t

Without a compiler the file runs as plain Python, and the check looks at the C that Cython writes:
no line of the loops may call Python. `cython -a mine.py` shows such lines in yellow.
""",
    given='''
import cython


@cython.boundscheck(False)
def step(old, new, r):
    """Do one step: new = old + r * ((above + below) + (left + right) - 4 * old)."""
    raise NotImplementedError("types for both arrays, r, i, j and a sum, then two loops")
''',
    solution="""
    a: cython.double[:, ::1] = old
    b: cython.double[:, ::1] = new
    c: cython.double = r
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    around: cython.double
    for i in range(1, a.shape[0] - 1):
        for j in range(1, a.shape[1] - 1):
            around = (a[i - 1, j] + a[i + 1, j]) + (a[i, j - 1] + a[i, j + 1])
            b[i, j] = a[i, j] + c * (around - 4.0 * a[i, j])
""",
    hint="What the loops read and write are a and b, not old and new, which have no type.",
)


def judge(module: Any) -> str:
    import numpy as np

    old = (np.arange(12.0 * 9) ** 2 % 97).reshape(12, 9)
    new, want, inner = old.copy(), old.copy(), np.s_[1:-1, 1:-1]
    around = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
    want[inner] += 0.25 * (around - 4 * old[inner])
    _, lines = lines_run(module, lambda: module.step(old, new, 0.25))
    if wrong := difference(new, want, "step"):
        return f"in new {wrong}"
    if lines < want[inner].size:
        return "right, but not point by point: whole arrays are NumPy's work, not Cython's"
    file = Path(module.__file__)
    calls = _calls_python(file)
    if not calls:
        return ""
    line = min(calls)
    if not _calls_python(file, boundscheck=False):
        return f"line {line} checks each index: @cython.boundscheck(False) stands above step"
    return f"line {line} calls Python for each point: all names in it need a C type"


def _calls_python(file: Path, **directives: bool) -> set[int]:
    """Return the lines of the loops whose C calls Python; raise Cython's first error."""
    from Cython.Compiler.Main import CompilationOptions, compile_single, default_options

    with tempfile.TemporaryDirectory() as folder:
        fields = {"annotate": "default", "compiler_directives": directives, "language_level": 3}
        options = CompilationOptions(default_options, output_file=f"{folder}/mine.c", **fields)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            result = compile_single(str(file), options, full_module_name="mine")
        if result.num_errors:
            errors = re.findall(rf"{re.escape(file.name)}:(\d+):\d+: (.*)", said.getvalue())
            line, error = (errors or [("?", "an error")])[0]
            raise WorkloadError(f"line {line}: Cython says: {error}")
        page = (Path(folder) / "mine.html").read_text("utf-8")
    # A score counts a line's calls of Python.
    scores = re.findall(r'cython line score-(\d+)"[^>]*>.*?<span class="">0*(\d+)</span>', page)
    nodes = ast.walk(ast.parse(file.read_bytes()))
    loops = [each for each in nodes if isinstance(each, (ast.For, ast.While))]
    inside = {line for each in loops for line in range(each.lineno, (each.end_lineno or 0) + 1)}
    return {int(line) for score, line in scores if int(score)} & inside
