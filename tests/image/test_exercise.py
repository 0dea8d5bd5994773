"""Each exercise can be solved; usual mistakes get messages of their own."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from mistakes import MISTAKES
from needed import need

from _hpcpy_importer import finder
from proc_files import processes
from running import in_own_process
from tiers import sampled
from workloads.exercise import tasks
from workloads.exercise.tasks import NAMES, task
from workloads.exercise.trial import STILL_OPEN

# One of each exercise first: those of `make test`.
CASES = [(name, *made[0]) for name, made in MISTAKES.items()]
CASES += [(name, *each) for name, made in MISTAKES.items() for each in made[1:]]


def text(name: str, *, solved: bool) -> str:
    """Skip where a module is left out; return the file that a class gets, or the solution."""
    exercise = task(name).EXERCISE
    need(*exercise.needs)
    if exercise.elsewhere and not all(map(importlib.util.find_spec, exercise.needs)):
        pytest.skip(f"{name}: {exercise.elsewhere}")
    if name == "blas-threads" and "threadpoolctl" not in finder().bundle.about["features"]:
        pytest.skip("the image lacks the feature threadpoolctl: its BLAS has no limit to set")
    return tasks.text(name, solved=solved)


def checked(name: str, *words: object) -> tuple[int, str, str]:
    command = ["-m", "workloads", "exercise", name, "--check", *map(str, words)]
    done = in_own_process(sys.executable, *command)
    return done.returncode, done.stdout, done.stderr


def refused(file: Path, name: str, *more: str) -> str:
    """Check a file that is wrong; return the one line that is printed."""
    code, out, line = checked(name, file, *more)
    assert (code, out, line.count("\n")) == (1, "", 1), line
    start = f"workloads: exercise: {name}: "
    assert line.startswith(start)
    return line.removeprefix(start)


@pytest.mark.parametrize("name", NAMES)
def test_the_hole_is_named_and_the_solution_is_right(name: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(text(name, solved=False))
    assert "the hole is not filled: " in refused(file, name)
    file.write_text(text(name, solved=True))
    code, out, error = checked(name, file)
    assert (code, error) == (0, "")
    on = " on 1 and 4 ranks" if task(name).EXERCISE.ranks else ""
    assert out == f"{name}: right{on}\n"
    assert [*tmp_path.iterdir()] == [file]


# What stands in the solution, and another right way.
OTHERWISE = [
    ("mandel-mpi", "parts = comm.gather(mine)",
     "parts = np.empty((comm.size, len(mine), width), np.int32)\n"
     "    comm.Gather(mine, None if comm.rank else parts)"),
    ("mandel-numba", "@numba.njit\ndef escape", "@numba.vectorize\ndef escape"),
    ("mandel-numba", "@numba.njit\ndef escape", '@numba.njit(inline="always")\ndef escape'),
    ("heat-halo",
     "    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)\n"
     "    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)\n",
     "    from mpi4py import MPI\n    moved = [comm.Isend(block[1], up), "
     "comm.Isend(block[-2], down)]\n    moved += [comm.Irecv(block[0], up), "
     "comm.Irecv(block[-1], down)]\n    MPI.Request.Waitall(moved)\n"),
    ("heat-sum", "    return math.fsum(np.concatenate(comm.allgather(mine)))",
     "    every = np.empty(comm.size * len(mine))\n    comm.Allgather(mine, every)\n"
     "    return math.fsum(every)"),
    ("mpi-gatherv", "    if comm.rank:\n        return comm.Gatherv(mine, None)\n"
     "    image = np.empty((sum(counts) // mine.shape[1], mine.shape[1]))\n"
     "    comm.Gatherv(mine, (image, counts))\n",
     "    image = np.empty((sum(counts) // mine.shape[1], mine.shape[1])) if counts else None\n"
     "    comm.Igatherv(mine, (image, counts) if counts else None).Wait()\n"),
    ("linalg-batch", "first[a : a + most] @ second[a : a + most]",
     'np.einsum("kij,kjl->kil", first[a : a + most], second[a : a + most])'),
    ("hdf5-chunks", "chunks=(16, 16, 16)", "chunks=True"),
    ("mpi-file", "file.Write_at_all(first * mine[0].nbytes, mine)",
     "file.Set_view(first * mine[0].nbytes, MPI.DOUBLE)\n    file.Write_all(mine)"),
    ("heat-scaling", "return max(", "import numpy as np\n    return np.int64(1) * max("),
    ("heat-dataset", '"chunks": mine.shape, ', '"chunks": (3, mine.shape[1]), '),
    ("heat-dataset", "field[first : first + len(mine)] = mine\n",
     "field.write_direct(mine, dest_sel=slice(first, first + len(mine)))\n"),
    ("mpi-scatter", "    comm.Scatter(", "    comm.Scatterv("),
    ("mpi-scatter", "    comm.Scatter(numbers, part)", "    comm.Iscatter(numbers, part).Wait()"),
    ("linalg-batch", "products[a : a + most] = first[a : a + most] @ second[a : a + most]",
     "np.matmul(first[a : a + most], second[a : a + most], out=products[a : a + most])"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "other"), OTHERWISE)
def test_another_way_is_right_too(name: str, right: str, other: str, tmp_path: Path) -> None:
    file, solution = tmp_path / "my.py", text(name, solved=True)
    assert right in solution
    file.write_text(solution.replace(right, other, 1))
    assert checked(name, file)[::2] == (0, "")


@pytest.mark.parametrize(("name", "right", "wrong", "message"), sampled(CASES, len(MISTAKES)))
def test_a_mistake_has_its_message(
    name: str, right: str, wrong: str, message: str, tmp_path: Path
) -> None:
    solution = text(name, solved=True)
    assert right in solution
    file = tmp_path / "my.py"
    # A second part may have the same words.
    file.write_text(solution.replace(right, wrong, 1))
    assert message in refused(file, name)


@pytest.mark.parametrize("name", [name for name in NAMES if task(name).EXERCISE.second])
def test_the_second_hole_may_be_left_open(name: str, tmp_path: Path) -> None:
    file, function = tmp_path / "my.py", f"def {task(name).EXERCISE.second}("
    solution, given = text(name, solved=True), text(name, solved=False)
    assert function in solution
    part, where = solution.partition("# Part 2"), given.index("# Part 2")
    # Or the file is of before: it has no such function.
    for written in part[0] + given[where:], solution.replace(function, "def other("):
        file.write_text(written)
        code, out, error = checked(name, file)
        assert (code, error) == (0, "")
        assert out.endswith("; part 2 is still a hole\n")
        said = json.loads(checked(name, file, "--json", "-")[1])
        assert [(each["passed"], each["message"]) for each in said] == [(True, STILL_OPEN)]


def test_an_exercise_that_cannot_be_checked_says_where_it_can(tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(tasks.text("heat-cython", solved=True))
    if importlib.util.find_spec("Cython"):
        pytest.skip("Cython is here, and the exercise checked")
    code, out, error = checked("heat-cython", file)
    assert (code, out) == (69, "")
    assert "no module 'Cython' here; check it in the image hpcpy-dev" in error


# What stands in the file, whole; the exit code, and what is said.
BAD = [
    ("def compute(:\n", 2, "my.py:1: "),
    ("pi = 3\n", 2, "my.py has no function compute"),
    ("def compute(*_):\n    return pairs / 0\n", 1, "my.py:2: NameError: "),
    ("def compute(*_):\n    while True: pass\n", 1, "no answer within 2 s; an endless loop?"),
    ("import os\ndef compute(*_):\n    os.abort()\n", 1, "killed by signal 6 (SIGABRT), and"),
]


@pytest.mark.parametrize(("written", "code", "message"), BAD)
def test_a_bad_file_is_one_line(written: str, code: int, message: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(written)
    # A busy machine takes more than two seconds to start the others.
    seconds = "2" if "while" in written else "60"
    found, out, line = checked("pi-processes", file, "--seconds", seconds)
    assert (found, out, line.count("\n")) == (code, "", 1), line
    assert message in line


def test_a_second_part_without_an_end_is_named(tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    solution = text("heat-scaling", solved=True)
    file.write_text(solution.replace("    few, many", "    while True: pass\n    few, many"))
    line = refused(file, "heat-scaling", "--seconds", "20")
    assert line.startswith("part 2: no answer within 20")


# What its ranks do, and what is said of it within 20 s: a busy machine starts them slowly.
RANKS = [
    ("if MPI.COMM_WORLD.rank: MPI.COMM_WORLD.recv()", "20 s; two ranks may wait for each other"),
    ("os.kill(os.getppid(), 19)\nos.kill(os.getpid(), 19)", "on 1 rank: no answer within 20 s"),
    # It takes a busy machine long.
]


@pytest.mark.parametrize(("body", "message"), RANKS)
def test_ranks_end_with_their_check(body: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    solution = text("heat-halo", solved=True)
    file.write_text(f"{solution}\n\nimport os\nfrom mpi4py import MPI\n{body}\n")
    assert message in refused(file, "heat-halo", "--seconds", "20")
    # Nothing of it is left, which would name the file.
    assert not [words for _, words in processes() if str(file) in words]
