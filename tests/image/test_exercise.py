"""Each exercise can be solved; for a typical mistake it names what is wrong first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from needed import need

from running import in_own_process
from tiers import sampled
from workloads.exercise.registry import EXERCISES

# Exercise -> what stands in its file, and a right answer in its place.
ESCAPE = """
        if zr * zr + zi * zi > 4.0:
            return n
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
"""
ROWS = """
    mine = rows(range(comm.rank, height, comm.size))
    parts = comm.gather(mine)
    if comm.rank:
        return None
    for rank, part in enumerate(parts):
        image[rank :: comm.size] = part
    return image
"""
SHARES = """
    from concurrent.futures import ProcessPoolExecutor
    bounds = [pairs * worker // workers for worker in range(workers + 1)]
    with ProcessPoolExecutor(workers) as pool:
        return sum(pool.map(hits, bounds[:-1], bounds[1:]))
"""
DATASET = """
        shape = (count, side, side)
        arrays = file.create_dataset("arrays", shape, "f8", chunks=(1, side, side))
        for t in range(count):
            arrays[t] = array(t)
"""
BATCHES = """
    for a in range(0, len(first), most):
        products[a : a + most] = first[a : a + most] @ second[a : a + most]
    return products
"""
SOLVED = {
    "mandel-numba": ESCAPE,
    "mandel-mpi": ROWS,
    "pi-processes": SHARES,
    "write-hdf5": DATASET,
    "linalg-batch": BATCHES,
}
# Exercise, what of the solution, what instead, and what is said of it.
MISTAKES = [
    ("mandel-numba", "return n\n", "return n + 1\n", "first row 0 column 0: 204, not 203"),
    ("mandel-numba", "> 4.0", ">= 4.0", "c = -2: 0, not 2047: |z| stays 2, never > 2"),
    ("mandel-mpi", "image[rank :: comm.size] = part", "image[:] = np.resize(part, image.shape)",
     "on 4 ranks: "),
    (
        "mandel-mpi",
        "rows(range(comm.rank, height, comm.size))",
        "rows(range(height))[comm.rank :: comm.size]",
        "the image is right, but rank 0 computed row 1: not its own",
    ),
    ("mandel-mpi", "parts =", "if comm.rank: return\n    parts =", " returned without comm.gather"),
    (
        "mandel-mpi",
        """parts = comm.gather(mine)
    if comm.rank:
        return None
""",
        "parts = comm.allgather(mine)\n",
        " the answer is an array of int32 of shape (",
    ),
    (
        "pi-processes",
        "pairs * worker // workers for",
        "pairs // workers * worker for",
        "the count is right by luck: pair 19,999,998 is counted by none",
    ),
    ("pi-processes", SHARES, "\n    return hits(0, pairs)\n", "3 other processes were to count"),
    ("write-hdf5", "arrays[t] = array(t)", "arrays[t] = array(t).T", "array 0 row 0 column 1: "),
    ("write-hdf5", ", chunks=(1, side, side)", "", "chunks are None, not (1, 100, 100)"),
    (
        "write-hdf5",
        """        for t in range(count):
            arrays[t] = array(t)
""",
        "        arrays[:] = [array(t) for t in range(count)]\n",
        "the file is right, but all 15 arrays were in memory at once",
    ),
    ("linalg-batch", "(first)", "(first) - most + 1", "matrix 96 row 0 column 0: "),
    (
        "linalg-batch",
        BATCHES,
        "\n    return first @ second\n",
        "the products are right, but a call has 100 matrices, not 16 at most",
    ),
]  # fmt: skip
# One of each exercise first: those of `make test`.
_FIRST = [next(each for each in MISTAKES if each[0] == name) for name in SOLVED]
MISTAKES.sort(key=lambda each: each not in _FIRST)


def given(name: str) -> str:
    """Skip where a module is left out; return the file that a class gets."""
    need(*EXERCISES[name].needs)
    return EXERCISES[name].text()


def filled(name: str, solution: str) -> str:
    text = given(name)
    (hole,) = [line for line in text.splitlines() if "raise NotImplementedError" in line]
    return text.replace(f"{hole}\n", solution[1:])


def checked(file: Path, name: str, *more: str) -> tuple[int, str, str]:
    words = ["-m", "workloads", "exercise", name, "--check", file, *more]
    done = in_own_process(sys.executable, *words)
    return done.returncode, done.stdout, done.stderr


def said(file: Path, name: str, *more: str) -> tuple[int, str]:
    """Check a file that is wrong; return the one line of it."""
    code, out, line = checked(file, name, *more)
    assert (out, line.count("\n")) == ("", 1), line
    start = f"workloads: exercise: {name}"
    assert line.startswith(start)
    return code, line.removeprefix(start)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right_and_the_hole_is_told(name: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(given(name))
    code, line = said(file, name)
    assert code == 1
    assert "the hole is not filled: " in line
    file.write_text(filled(name, SOLVED[name]))
    code, out, error = checked(file, name)
    assert (code, error) == (0, "")
    on = " on 1 and 4 ranks" if EXERCISES[name].ranks else ""
    assert out.startswith(f"{name}: right{on} (")
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(("name", "right", "wrong", "told"), sampled(MISTAKES, len(EXERCISES)))
def test_a_mistake_is_told(name: str, right: str, wrong: str, told: str, tmp_path: Path) -> None:
    solution = SOLVED[name]
    assert solution.count(right) == 1
    file = tmp_path / "my.py"
    file.write_text(filled(name, solution.replace(right, wrong)))
    code, line = said(file, name)
    assert code == 1
    assert told in line


# What stands in the file, whole; the exit code, and what is said.
BAD = [
    ("def compute(:\n", 2, "my.py:1: "),
    ("pi = 3\n", 2, "my.py has no function compute"),
    ("def compute(pairs, workers):\n    return pairs / 0\n", 1, "my.py:2: ZeroDivisionError: "),
    ("def compute(pairs, workers):\n    return 3.14\n", 1, "the answer is float, not int"),
    ("def compute(*_):\n    while True: pass\n", 1, "no answer within 2 s; an endless loop?"),
]


@pytest.mark.parametrize(("text", "code", "told"), BAD)
def test_a_bad_file_is_one_line(text: str, code: int, told: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(text)
    words = ["-m", "workloads", "exercise", "pi-processes", "--check", file, "--seconds", "2"]
    done = in_own_process(sys.executable, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
    assert told in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("body", ["while True: pass", "comm.recv()"])
def test_ranks_that_wait_for_ever_are_ended(body: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(filled("mandel-mpi", f"\n    if comm.rank:\n        {body}{ROWS}"))
    code, line = said(file, "mandel-mpi", "--seconds", "10")
    assert code == 1
    assert "on 4 ranks: no answer within 10 s" in line
    # Nothing of it is left, which would name the file.
    assert not [each for each in processes() if str(file) in each]


def processes() -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_text())
        except OSError:
            continue
    return found
