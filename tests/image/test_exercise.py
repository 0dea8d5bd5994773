"""Each exercise can be solved; each usual mistake gets a message of its own."""

import json
import sys
from pathlib import Path

import pytest
from needed import need

from _hpcpy_importer import finder
from proc_files import processes
from running import in_own_process
from tiers import sampled
from workloads.exercise import tasks
from workloads.exercise.tasks import NAMES, task

# Exercise -> what of the solved file, what instead, and what is said of it.
MISTAKES = {
    "profile-line": (
        ('"ordered = sorted(values)"', '"print(checksum(smooth(values, 2000)))"', "not at cumtime"),
        ('return "ordered = sorted(values)"', "None", "hot_line returns nothing: return the"),
        ('"ordered = sorted(values)"', '"total = (31 * total + value) % 65521"', "runs most often"),
    ),
    "mandel-numba": (
        ("return n\n", "return n + 1\n", "each point outside is counted 1 step too many"),
        ("return n\n", "return n - 1\n", "each point outside is counted 1 step too few"),
        ("return n\n", "return n.x\n", "my.py:33: TypingError: "),
        ("import numba\n", "class numba:\n    njit = staticmethod(lambda each: each)\n\n",
         "right, but Numba compiled no escape_time"),
        ("@numba.njit\ndef compute(", "def compute(", "right, but Numba compiled no compute"),
        ("@numba.njit\ndef compute(", "@numba.jit(forceobj=True)\ndef compute(",
         "right, but Numba compiled no compute"),
        ("            image[row, column] = escape_time(x, y, maxiter)\n",
         "            with numba.objmode(n='int64'):\n"
         "                n = escape_time(x, y, maxiter)\n"
         "            image[row, column] = n\n", "right, but in compute objmode lets Python"),
    ),
    "pool-pickles": (
        ("pool.map(total,", "pool.map(table.total,", "the table was pickled 27 times for 3"),
        ("list(pool.map(total,", "list(map(table.total,", "right, but this process computed them"),
        ("ProcessPoolExecutor(workers,", "ProcessPoolExecutor(1,", "right, but by 1 process, not"),
        ("(table,)", "(table)", "is the table itself: with a comma, (table,) is a tuple"),
        ("return list(pool", "list(pool", "compute returns nothing: return the list of the totals"),
        ("return list(pool.map(total, range(rows)))", "pool.map(total, range(rows))\n"
         "    return type('Mine', (list,), {'__ne__': lambda *_: 0})()", "the answer is [], not"),
    ),
    "mandel-mpi": (
        ("[rank :: comm.size] = part", "[rank * len(part) :][: len(part)] = part",
         "on 4 ranks: [1, 0] is 4, not 1; wrong: 50 of 60; a rank's rows belong at image[rank::"),
        ("range(comm.rank, height, comm.size))", "range(height))[comm.rank :: comm.size]",
         "on 4 ranks: the image is right, but rank 0 computed the rows 0, 1, 2, 3, 4, 5, 6, "),
        ("comm.gather(mine", "comm.allgather(mine", "allgather sends the rows to every rank"),
        ("    if comm.rank:\n        return None\n", "",
         "on 4 ranks: rank 1: 'NoneType' object is not iterable: gather returns None on all"),
    ),
    "mpi-gatherv": (
        ("(image, counts)", "(image, [size // 5 for size in counts])", "elements, not rows"),
        ("return comm.Gatherv(mine, None)", "return None", "did not call comm.Gatherv: "),
        ("mine.shape[1]))", "mine.shape[1]), 'f4')", "the buffer is of float32, but the rows of"),
        ("if comm.rank:\n        return comm.Gatherv(mine, None)",
         "if comm.rank:\n        return comm.Send(mine, 0)", "a loop of messages does what one"),
        ("    counts = comm.gather(mine.size)\n",
         "    counts = comm.allgather(mine.size)\n    whole = np.empty((sum(counts) // 5, 5))\n"
         "    comm.Allgatherv(mine, (whole, counts))\n    return None if comm.rank else whole\n",
         "did not call comm.Gatherv: Allgatherv sends all rows to every rank"),
        ("    if comm.rank:\n        return comm.Gatherv(mine, None)\n", "",
         "rank 1: 'NoneType' object is not iterable: gather returns None on all ranks but 0"),
    ),
    "numba-cache": (
        ("if comm.rank == 0:\n", "if True:\n", "on 4 ranks: ranks 0, 1, 2, 3 compiled total: one"),
        ("    comm.Barrier()\n    return", "    return", "returned without comm.Barrier, which"),
        ("(cache=True)", "", "total keeps no code: numba.njit(cache=True) does"),
        ("    return total(values)\n", "    total(values)\n", "on rank 0 compute returns nothing"),
    ),
    "write-vectorized": (
        ("y = y[:", "x = x[:", "rows and columns are exchanged"),
        ("return (x * y + t) / (x + y * y)",
         "return np.vectorize(lambda x, y: (x * y + t) / (x + y * y))(x, y)",
         "np.vectorize, too, is a loop"),
        ("return (x * y + t) / (x + y * y)", "return np.apply_along_axis("
         "lambda y: (x * y + t) / (x + y * y), 1, y)", "and so is np.apply_along_axis"),
        ("return (x * y + t) / (x + y * y)",
         "return np.array([(x * each + t) / (x + each * each) for each in y])", "lines of Python"),
        ("return (", "(", "compute returns nothing: return the array"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine(np.ndarray):\n        __ne__ = lambda me, _: np.zeros(me.shape, bool)\n\n"
         "    return np.zeros((len(y), x.size)).view(Mine)", "[0, 0] is 0.0, not 0.45"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine(np.ndarray):\n        __array_ufunc__ = lambda me, *_: np.zeros(me.shape)\n\n"
         "    return np.zeros((len(y), x.size)).view(Mine)", "[0, 0] is 0.0, not 0.45"),
        ("return (x * y + t) / (x + y * y)",
         "class Mine:\n        __class__ = np.ndarray\n        shape, dtype = (30, 40), x.dtype\n\n"
         "    return Mine()", "the answer is an array of float64"),
    ),
    "mpi-scatter": (
        ("np.load(path) if comm.rank == 0 else None", "np.load(path)", "opened the file: rank 0 "),
        ("    comm.Scatter(numbers, part)\n    return part\n",
         "    return comm.bcast(numbers)[comm.rank * count :][:count]\n",
         "did not call comm.Scatter: bcast sends all numbers to every rank"),
        ("    comm.Scatter(numbers, part)\n",
         "    if comm.rank == 0:\n        for rank in range(1, comm.size):\n"
         "            comm.Send(numbers[rank * count :][:count], rank)\n"
         "    return numbers[:count] if comm.rank == 0 else comm.Recv(part) or part\n",
         "did not call comm.Scatter: a loop of messages does what one call can"),
        ("    comm.Scatter(numbers, part)\n",
         "    comm.Scatter(numbers, part) if comm.size == 1 else comm.Barrier()\n",
         "did not call comm.Scatter: every rank gets its share by this one call"),
    ),
    "write-hdf5": (
        ("= array(t)", "= array(t).T", "[0, 0, 1] is "),
        (", chunks=(1, side, side)", "", "chunks are None, not (1, 60, 60)"),
        ("arrays[t] = array(t)", "file[f'more/{t}'] = array(t)\n        del file['arrays']\n"
         "        file.move('more', 'arrays')", "arrays is a group of datasets: make it one"),
        ("for t in range(count):\n            arrays[t] = array(t)",
         "arrays[:] = [array(t) for t in range(count)]",
         "the file is right, but all 15 arrays were in memory at once"),
    ),
    "hdf5-chunks": (
        ("(16, 16, 16)", "(1, side, side)",
         "arrays[:, row, column] reads 2,100,288 of 2,097,152 bytes: chunks of (1, 64, 64)"),
        (", chunks=(16, 16, 16)", "", "without chunks a history needs 64 reads: its numbers lie"),
        ("(16, 16, 16)", "True", "h5py chose chunks of (8, 16, 16) by the size alone"),
        ("chunks=(16, 16, 16)", "compression=1", "h5py chose chunks of (8, 16, 16) by the size"),
        ("return file.create", "file.create", "create returns nothing: return the new dataset"),
        ("return file.create_dataset(", "for k in range(count):\n        file.create_dataset("
         "f'arrays/{k}', (side, side))\n    return\n    file.create_dataset(",
         "arrays is a group of datasets: make it one dataset of all arrays"),
    ),
    "mpi-file": (
        ("* mine[0].nbytes", "* mine.shape[1]", "the file has 132 bytes, not 384: an offset is a"),
        ("    file = ", "    comm.gather(mine)\n    file = ", "gather sends rows to another rank"),
        ("    file.Close()\n", "", "on 1 rank: rank 0 did not call Close: the file is whole when"),
        ("    file.Write_at_all", "    if comm.rank == 0:\n        file.Write_at_all",
         "on 4 ranks: rank 1 did not call Write_at_all, which every rank must call"),
        ("    file = MPI", "    if comm.rank:\n        return\n    file = MPI",
         "on 4 ranks: rank 1 did not call MPI.File.Open, which every rank must call"),
        ("    file = MPI", "    with open(path, 'ab') as file:\n        mine.tofile(file)\n"
         "    return\n    file = MPI", "rank 0 did not call MPI.File.Open, which every rank must"),
        ("file.Write_at_all(first * mine[0].nbytes, mine)", "file.Write_ordered(mine)",
         "rank 0 did not call Write_at_all, which every rank must call"),
    ),
    "gil-sleep": (
        ("processes.map", "threads.map", "count ran in threads: with the GIL one computes at a"),
        ("threads.map", "processes.map", "wait ran in other processes: a thread sleeps as well"),
        ("ProcessPoolExecutor(workers)", "ProcessPoolExecutor(1)", "by 1 process, not by"),
        ("processes.map", "map", "count ran in this process, one after another: let `workers`"),
        ("return list(waited), ", "list(waited), ", "compute returns nothing: return both lists"),
    ),
    "pi-processes": (
        ("* worker // workers for", "// workers * worker for", "pair 999,999 is counted by none"),
        ("    with ", "    return hits(0, pairs)\n    with ", "this process counted 1,000,000 of"),
        ("return sum(", "bounds = [pairs // workers * each for each in range(workers + 1)]\n"
         "        return hits(bounds[-1], pairs) + sum(", "this process counted 1 of 1,000,000"),
        ("ProcessPoolExecutor(workers)", "ProcessPoolExecutor(1)", "by 1 process, not by"),
        ("return sum(pool.map(hits, bounds[:-1], bounds[1:]))",
         "sum(pool.map(hits, bounds[:-1], bounds[1:]))", "compute returns nothing, not int"),
        ("return sum(pool.map(hits, bounds[:-1], bounds[1:]))",
         "sum(pool.map(hits, bounds[:-1], bounds[1:]))\n"
         "    return type('Mine', (int,), {'__ne__': lambda *_: False})()", "is Mine, not int"),
    ),
    "shared-race": (
        ("with total.get_lock():\n", "if number:\n", "what another process adds meanwhile is lost"),
        ("with total.get_lock():\n            total.value += number",
         "before = total.value\n        with total.get_lock():\n"
         "            total.value = before + number", "hold the lock from reading to writing"),
        ("total.value += number",
         "total.value = type('Mine', (int,), {'__ne__': lambda *_: False})()",
         "the total is 0, not 15"),
    ),
    "blas-threads": (
        ("cores // node.size", "cores", "ranks: 2, cores: 7, threads of each rank: 7, not 3"),
        ("cores // node.size", "-(-cores // node.size)", "threads of each rank: 4, not 3"),
        ("return product()", "product()", "compute returns nothing: return what product() returns"),
    ),
    "linalg-batch": (
        ("len(first)", "len(first) - most + 1", "only 96 matrices were multiplied"),
        ("return products", "products", "compute returns nothing: return the array"),
        ("return products",
         "class Mine(np.ndarray):\n        __ne__ = lambda me, _: np.zeros(me.shape, bool)\n\n"
         "    return np.zeros(first.shape).view(Mine)", "[0, 0, 0] is 0.0, not "),
        ("    for a", "    most = 1\n    for a", "right, but by 100 calls: 7 are enough"),
        ("for a in range(0, len(first), most):\n        products[a : a + most] = "
         "first[a : a + most] @ second[a : a + most]",
         "for k in range(len(first)):\n        products[k] = first[k].dot(second[k])",
         "right, but @ or np.matmul made 0 of 100"),
    ),
}  # fmt: skip
# One of each exercise first: those of `make test`.
CASES = [(name, *mistakes[0]) for name, mistakes in MISTAKES.items()]
CASES += [(name, *each) for name, mistakes in MISTAKES.items() for each in mistakes[1:]]


def text(name: str, *, solved: bool) -> str:
    """Skip where a module is left out; return the file that a class gets, or the solution."""
    need(*task(name).EXERCISE.needs)
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
    ("mpi-file", "\n\ndef write(comm, path, mine, first):\n    \"\"\"Write this rank's rows, which "
     "begin with row `first` of the file.\"\"\"\n    file = MPI.File",
     "from mpi4py.MPI import File\n\ndef write(comm, path, mine, first):\n    file = File"),
    ("mpi-file", "file.Write_at_all(first * mine[0].nbytes, mine)",
     "file.Set_view(first * mine[0].nbytes, MPI.DOUBLE)\n    file.Write_all(mine)"),
    ("mpi-scatter", "    comm.Scatter(", "    comm.Scatterv("),
    ("mpi-scatter", "np.load(path)", 'np.load(path, mmap_mode="r")'),
    ("linalg-batch", "products[a : a + most] = first[a : a + most] @ second[a : a + most]",
     "np.matmul(first[a : a + most], second[a : a + most], out=products[a : a + most])"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "other"), OTHERWISE)
def test_another_way_is_right_too(name: str, right: str, other: str, tmp_path: Path) -> None:
    file, solution = tmp_path / "my.py", text(name, solved=True)
    assert solution.count(right) == 1
    file.write_text(solution.replace(right, other))
    assert checked(name, file)[::2] == (0, "")


@pytest.mark.parametrize(("name", "right", "wrong", "message"), sampled(CASES, len(MISTAKES)))
def test_a_mistake_has_its_message(
    name: str, right: str, wrong: str, message: str, tmp_path: Path
) -> None:
    solution = text(name, solved=True)
    assert solution.count(right) == 1
    file = tmp_path / "my.py"
    file.write_text(solution.replace(right, wrong))
    assert message in refused(file, name)


# What stands in the file, whole; the exit code, and what is said.
BAD = [
    ("def compute(:\n", 2, "my.py:1: "),
    ("pi = 3\n", 2, "my.py has no function compute"),
    ("def compute(*_):\n    return pairs / 0\n", 1, "my.py:2: NameError: "),
    ("def compute(*_):\n    raise SystemExit(3)\n", 1, "my.py:2: SystemExit: 3"),
    ("def compute(*_):\n    while True: pass\n", 1, "no answer within 2 s; an endless loop?"),
    ("\0", 2, "my.py:1: "),
    ("import os\ndef compute(*_):\n    os.abort()\n", 1, "ended with -6: "),
    ("import os\ndef compute(*_):\n    os._exit(0)\n", 1, "ended with 0: the program has "),
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


def test_a_class_has_a_line_and_an_object_for_each_file(tmp_path: Path) -> None:
    files = [tmp_path / name / "my.py" for name in ("ann", "bob", "eve")]
    good = text("linalg-batch", solved=True) + "print('mine')\n"
    given = text("linalg-batch", solved=False)
    for file, written in zip(files, (good, "def compute(:\n", given), strict=True):
        file.parent.mkdir()
        file.write_text(written)
    table = tmp_path / "class.json"
    code, out, error = checked("linalg-batch", *files, "--json", table)
    assert (code, error) == (1, "")
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [str(files[0]), "right"],
        [str(files[1]), "wrong"],
        [str(files[2]), "wrong"],
    ]
    objects = json.loads(table.read_text())
    assert [each["name"] for each in objects] == [str(file) for file in files]
    assert {each["exercise"] for each in objects} == {"linalg-batch"}
    assert [each["passed"] for each in objects] == [True, False, False]
    messages = [each["message"] for each in objects]
    assert messages[0] == ""
    assert "my.py:1: " in messages[1]
    assert "the hole is not filled: " in messages[2]
    # On standard output there is nothing else, not even what a student's program prints.
    code, out, error = checked("linalg-batch", files[0], "--json", "-")
    assert (code, json.loads(out), error) == (0, objects[:1], "")


@pytest.mark.long
@pytest.mark.parametrize("body", ["while True: pass", "comm.recv()"])
def test_ranks_that_wait_for_ever_are_ended(body: str, tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    wrong = f"    if comm.rank:\n        {body}\n    mine ="
    file.write_text(text("mandel-mpi", solved=True).replace("    mine =", wrong))
    line = refused(file, "mandel-mpi", "--seconds", "10")
    assert line.startswith("on 4 ranks: no answer within 10 s")
    # Nothing of it is left, which would name the file.
    assert not [words for _, words in processes() if str(file) in words]
