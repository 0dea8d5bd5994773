"""numba's own cache of users' functions: never another function's code, for all ranks of a job."""

import os
from pathlib import Path

import pytest
from kept_programs import PROGRAMS
from numba_programs import COUNTING, OF_USERS, ROOT, USERS, ran, script

from running import on_ranks, printed, python
from tiers import sampled

# What a function has compiled in is in no argument, and not in its file.
VALUES = """
import sys, numba
import other
N = int(sys.argv[1])
other.K = int(sys.argv[2])
@numba.njit(cache=True)
def scaled(x): return other.doubled(x) * N + other.K
print(scaled(5), *(sum(n.values()) for n in (scaled.stats.cache_hits, scaled.stats.cache_misses)))
"""
OTHER = "import numba\n@numba.njit(cache=True)\ndef doubled(x): return x * {}\n"
# Each is edited in the other file: the first number or word is what it has before.
EDITS = {
    "fields of an argument": (
        "from other import P\ndef f(x): return density(P(mass=8.0, radius=2.0))\n"
        "@numba.njit(cache=True)\ndef density(p): return p.mass / p.radius ** 3",
        "from collections import namedtuple\nP = namedtuple('P', '{}')",
        {"mass radius": "1.0", "radius mass": "1.0"},
    ),
    "fields of a class": (
        "from other import P\n@numba.njit(cache=True)\ndef f(x): return P(8.0 * x, 2.0).mass",
        "from collections import namedtuple\nP = namedtuple('P', '{}')",
        {"mass radius": "8.0", "radius mass": "2.0"},
    ),
    "a stencil's option": (
        "from other import s\n@numba.njit(cache=True)\ndef g(a): return s(a)\n"
        "def f(x): return int(g(np.arange(5.0))[0])",
        "import numba\n@numba.stencil(cval={})\ndef s(a): return a[-1] + a[1]",
        {"2": "2", "4": "4"},
    ),
    "a method of a class": (
        "from other import Scale\n@numba.njit(cache=True)\n"
        "def f(x):\n    scale = Scale(3)\n    return scale.by(x) + scale.twice",
        "import numba\n@numba.experimental.jitclass([('n', numba.int64)])\nclass Scale:\n"
        "    def __init__(self, n): self.n = n\n    def by(self, x): return x * self.n + {0}\n"
        "    @property\n    def twice(self): return self.n * {0}",
        {"2": "11", "4": "19"},
    ),
    "the sign of a NaN": (
        "from other import G\n@numba.njit(cache=True)\ndef f(x): return math.copysign(1.0, G)",
        "import numpy as np\nG = np.float64('{}nan')",
        {"": "1.0", "-": "-1.0"},
    ),
}
EDITED = "import math, sys, numba, numpy as np\n{}\nprint(f(1))\n"
# What only Python uses, in a block of its own.
LOOKED_UP = """
import numba, sys
class Held:
    def __init__(self, n): self.n = n
    def get(self): return self.n
held = Held(int(sys.argv[1]))
@numba.njit(cache=True)
def f(x):
    with numba.objmode(y="int64"):
        y = held.get()
    return x + y
print(f(1), sum(f.stats.cache_hits.values()))
"""
# Its options are changed while it is compiled.
PARALLEL = """
import numba
@numba.njit(cache=True, parallel={"fusion": True})
def f(n):
    s = 0
    for i in numba.prange(n): s += i
    return s
print(f(4), sum(f.stats.cache_hits.values()))
"""
# A type that has itself within.
DEFERRED = """
import numba, _hpcpy_numba_key as key
from numba import types
kind = types.deferred_type()
kind.define(types.Tuple((types.int64, types.Optional(kind))))
f = numba.njit(lambda x: x)
print(type(key.of(f.py_func, f, (kind,))).__name__)
"""
# A program that nobody can write to, and what it prints, run by run, with which argument.
RUNS = {
    "what Python looks up": (LOOKED_UP, {"2": "3 0", "3": "4 1"}),
    "a deferred type": (DEFERRED, {"": "bytes"}),
    "options": (PARALLEL, {"": "6 0", "again": "6 1"}),
    # What numba cannot describe or link.
    "a mutual recursion": (
        EDITED.format(
            "@numba.njit(cache=True)\ndef even(n):\n    if n == 0: return 1\n"
            "    return odd(n - 1)\n"
            "@numba.njit(cache=True)\ndef odd(n):\n    if n == 0: return 10\n"
            "    return even(n - 1)\ndef f(x): return even(3)"
        ),
        {"": "10", "again": "10"},
    ),
    "an object that has any attribute": (
        EDITED.format(
            "class Any:\n    def __getattr__(self, name):\n"
            "        if name[:2] == '__': raise AttributeError(name)\n"
            "        return lambda x: x + 1\n"
            "held = Any()\n@numba.njit(cache=True)\ndef f(x):\n"
            "    with numba.objmode(y='i8'): y = held.q(x)\n    return y"
        ),
        {"": "2", "again": "2"},
    ),
}
# Ranks that save code for other types at a time: each has read the index before one writes it.
TYPES = """
import time, numba, numpy as np
from mpi4py import MPI
from numba.core.caching import IndexDataCacheFile
load = IndexDataCacheFile._load_index
IndexDataCacheFile._load_index = lambda file: (load(file), time.sleep(0.2))[0]
types = [np.int8, np.int16, np.int32, np.int64, np.float32, np.float64, np.complex64]
@numba.njit(cache=True)
def summed(values):
    s = values[0] * 0
    for v in values:
        s += v
    return s
rank = MPI.COMM_WORLD.rank
for kind in types[rank % 7 :] + types[: rank % 7]:
    MPI.COMM_WORLD.barrier()
    got = summed(np.array([100, 100, 100], kind))
    assert abs(got - 300) < 1, (rank, kind, got)
"""


def answer(folder: Path, program: str | Path, *arguments: object, **more: str) -> str:
    """Return what a program prints that has its cache in a folder."""
    more["NUMBA_CACHE_DIR"] = f"{folder}/cache"
    return printed(python(program, *arguments, **more)).rstrip("\n")


@pytest.mark.parametrize("mode", sampled(["", "stock"]))
def test_each_function_has_its_own_code(mode: str, tmp_path: Path) -> None:
    for name, (text, _) in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    for name, (_, answers) in [*PROGRAMS.items()] * 2:
        for arguments, right in answers.items():
            said = answer(tmp_path, tmp_path / name, *arguments.split(), HPCPY_NUMBA=mode)
            assert (name, arguments, said) == (name, arguments, right.rstrip("\n"))


@pytest.mark.long
@pytest.mark.parametrize(("first", "count"), [(1000, 150), (5000, 150)])
def test_programs_drawn_at_random_answer_as_without_a_cache(
    first: int, count: int, tmp_path: Path
) -> None:
    words = [Path(__file__).with_name("random_programs.py"), first, count, tmp_path]
    done = python(*words, NUMBA_OPT="0")
    said = done.stdout.splitlines()[-1].split()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert int(said[-2]) > count, "each program takes at least two functions from the cache"


def test_a_program_compiles_nothing_twice(tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, USERS)
    variables = {"NUMBA_CACHE_DIR": f"{tmp_path}/cache"}
    cold, _ = ran(program, tmp_path, variables)
    warm, said = ran(program, tmp_path, variables)
    assert set(cold["compiled"]) >= OF_USERS
    assert (warm["compiled"], warm["written"], said) == ([], [], "")
    assert warm["answers"] == cold["answers"]


def test_a_cache_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    program = script(tmp_path / "code", ROOT)
    assert answer(tmp_path, program) == "1 0"
    cache = tmp_path / "cache"
    for folder in [cache, *cache.iterdir()]:
        folder.chmod(0o555)
    assert answer(tmp_path, program) == "0 1"


def test_each_value_and_edit_is_another_function(tmp_path: Path) -> None:
    program, other = tmp_path / "program.py", tmp_path / "other.py"
    program.write_text(VALUES)
    for factor, number, more, said in (
        (2, 3, 1, "31 0 1"),
        (2, 3, 1, "31 1 0"),
        (2, 4, 1, "41 0 1"),
        (2, 3, 7, "37 0 1"),
        (10, 3, 1, "151 0 1"),
        (2, 3, 1, "31 1 0"),
    ):
        other.write_text(OTHER.format(factor))
        assert answer(tmp_path, program, number, more, PYTHONDONTWRITEBYTECODE="1") == said
    program.write_text(VALUES.replace("* N +", "* N -"))
    assert answer(tmp_path, program, 3, 1) == "29 0 1"


@pytest.mark.parametrize("what", sampled(EDITS, 3))
def test_an_edit_of_what_is_compiled_in_is_seen(what: str, tmp_path: Path) -> None:
    program, other, answers = EDITS[what]
    (tmp_path / "program.py").write_text(EDITED.format(program))
    for given, said in answers.items():
        (tmp_path / "other.py").write_text(other.format(given))
        os.utime(tmp_path / "other.py", (1, 1))  # An edit in the same second.
        assert answer(tmp_path, tmp_path / "program.py", PYTHONDONTWRITEBYTECODE="1") == said


@pytest.mark.parametrize("what", sampled(RUNS, 6))
def test_a_program_is_right_run_by_run(what: str, tmp_path: Path) -> None:
    text, runs = RUNS[what]
    program = script(tmp_path / "code", text)
    for argument, said in runs.items():
        assert answer(tmp_path, program, argument) == said


def test_processors_have_their_own_code_unless_one_is_named(tmp_path: Path) -> None:
    program = script(tmp_path / "code", ROOT)
    level = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
    for variables, counts in (({}, "1 0"), (level, "1 0"), ({}, "0 1"), (level, "0 1")):
        assert answer(tmp_path, program, **variables) == counts


def test_ranks_compile_nothing_that_one_has_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = script(tmp_path / "code", ROOT)
    answer(tmp_path, program)
    monkeypatch.setenv("NUMBA_CACHE_DIR", f"{tmp_path}/cache")
    assert printed(on_ranks(16, program)) == "0 1\n" * 16


def test_ranks_that_compile_at_once_read_their_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = script(tmp_path / "code", TYPES)
    monkeypatch.setenv("NUMBA_CACHE_DIR", f"{tmp_path}/cache")
    for _ in range(2):
        assert printed(on_ranks(7, program)) == ""
