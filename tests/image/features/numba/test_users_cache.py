"""numba's own cache of users' functions: never another function's code, for all ranks of a job."""

import os
import sys
from pathlib import Path

import pytest
from kept_programs import ANSWERS, PROGRAMS
from numba_programs import COUNTING, OF_USERS, USERS, ran, script

from running import launcher, printed, run
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
# What an extension of numba's makes of an object is in no description of the object.
EXTENDED = """
import sys, numba
from numba.core import cgutils, imputils, types
from numba.extending import make_attribute_wrapper, models, register_model, typeof_impl
class Scale:
    def __init__(self, n): self.n = n
class ScaleType(types.Type):
    def __init__(self): super().__init__("Scale")
kind = ScaleType()
typeof_impl.register(Scale)(lambda value, context: kind)
@register_model(ScaleType)
class Model(models.StructModel):
    def __init__(self, manager, of): super().__init__(manager, of, [("n", types.int64)])
@imputils.lower_constant(ScaleType)
def constant(context, builder, of, value):
    made = cgutils.create_struct_proxy(of)(context, builder)
    made.n = context.get_constant(types.int64, value.n)
    return made._getvalue()
make_attribute_wrapper(ScaleType, "n", "n")
scale = Scale(int(sys.argv[1]))
@numba.njit(cache=True)
def scaled(x): return x * scale.n
print(scaled(5))
"""
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
    "an overload": (
        "from other import foo\n@numba.njit(cache=True)\ndef f(x): return foo(x)",
        "from numba.extending import overload\nV = {}\ndef foo(x): pass\n"
        "@overload(foo)\ndef _(x):\n    q = V\n    return lambda x: x + q",
        {"2": "3", "4": "5"},
    ),
    "an overloaded method": (
        "import other\n@numba.njit(cache=True)\ndef f(x): return np.ones(3).zork() + x",
        "import numba\nfrom numba.extending import overload_method\nV = {}\n"
        "@overload_method(numba.types.Array, 'zork')\n"
        "def _(a):\n    q = V\n    return lambda a: q",
        {"2": "3", "4": "5"},
    ),
    "a stencil's option": (
        "from other import s\n@numba.njit(cache=True)\ndef g(a): return s(a)\n"
        "def f(x): return int(g(np.arange(5.0))[0])",
        "import numba\n@numba.stencil(cval={})\ndef s(a): return a[-1] + a[1]",
        {"2": "2", "4": "4"},
    ),
    "the sign of a NaN": (
        "from other import G\n@numba.njit(cache=True)\ndef f(x): return math.copysign(1.0, G)",
        "import numpy as np\nG = np.float64('{}nan')",
        {"": "1.0", "-": "-1.0"},
    ),
}
EDITED = """
import math, sys, numba, numpy as np
{}
print(f(1))
"""
# What numba cannot describe or link: each is right, in whatever number of runs.
UNCACHED = {
    "a mutual recursion": (
        "@numba.njit(cache=True)\ndef even(n):\n    if n == 0: return 1\n    return odd(n - 1)\n"
        "@numba.njit(cache=True)\ndef odd(n):\n    if n == 0: return 10\n    return even(n - 1)\n"
        "def f(x): return even(3)",
        "10",
    ),
    "an object that holds itself": (
        "held = {'v': 1}; held['self'] = held\ndef show(x): return x + held['v']\n"
        "@numba.njit(cache=True)\ndef f(x):\n"
        "    with numba.objmode(y='i8'): y = show(x)\n    return y",
        "2",
    ),
    "an object that has any attribute": (
        "class Any:\n    def __getattr__(self, name):\n"
        "        if name[:2] == '__': raise AttributeError(name)\n        return lambda x: x + 1\n"
        "held = Any()\n@numba.njit(cache=True)\ndef f(x):\n"
        "    with numba.objmode(y='i8'): y = held.q(x)\n    return y",
        "2",
    ),
}
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
METHOD = """
import numba
@numba.experimental.jitclass([("n", numba.int64)])
class Scale:
    def __init__(self, n): self.n = n
    def by(self, x): return x * self.n + {0}
    @property
    def twice(self): return self.n * {0}
@numba.njit(cache=True)
def scaled(x):
    scale = Scale(3)
    return scale.by(x) + scale.twice
print(scaled(5))
"""
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
RANK = """
import numba
@numba.njit(cache=True)
def root(x):
    return x ** 0.5
root(4.0)
print(sum(root.stats.cache_misses.values()), sum(root.stats.cache_hits.values()))
"""


def with_cache(folder: Path, **more: str) -> dict[str, str]:
    """Return the variables of a process whose cache is a folder."""
    return {**os.environ, "NUMBA_CACHE_DIR": str(folder), **more}


@pytest.mark.parametrize("mode", sampled(["", "stock"]))
def test_each_function_has_its_own_code(mode: str, tmp_path: Path) -> None:
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    variables = with_cache(tmp_path / "cache", HPCPY_NUMBA=mode)
    for command, answer in [*ANSWERS.items()] * 2:
        program, *arguments = command.split()
        done = run(sys.executable, tmp_path / program, *arguments, env=variables)
        assert (command, printed(done)) == (command, answer)


@pytest.mark.parametrize(("first", "count"), sampled([(24, 8), (1000, 150), (5000, 150)]))
def test_programs_drawn_at_random_answer_as_without_a_cache(
    first: int, count: int, tmp_path: Path
) -> None:
    words = [Path(__file__).with_name("random_programs.py"), first, count, tmp_path]
    done = run(sys.executable, *words, env={**os.environ, "NUMBA_OPT": "0"})
    said = done.stdout.splitlines()[-1].split()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert int(said[-2]) > count, "each program takes at least two functions from the cache"


@pytest.mark.parametrize(("option", "is_stock"), [("-I", False), ("-E", False), ("-B", True)])
def test_pythons_options_hide_the_variable(option: str, is_stock: bool) -> None:
    program = "import _hpcpy_numba_needs as needs; print(needs.IS_STOCK)"
    done = run(sys.executable, option, "-c", program, env={**os.environ, "HPCPY_NUMBA": "stock"})
    assert printed(done) == f"{is_stock}\n"


def test_a_program_compiles_nothing_twice(tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, USERS)
    variables = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    cold, _ = ran(program, tmp_path, variables)
    warm, said = ran(program, tmp_path, variables)
    assert set(cold["compiled"]) >= OF_USERS
    assert (warm["compiled"], warm["written"], said) == ([], [], "")
    assert warm["answers"] == cold["answers"]


def test_a_cache_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    program = script(tmp_path / "code", RANK)
    cache = tmp_path / "cache"
    assert printed(run(sys.executable, program, env=with_cache(cache))) == "1 0\n"
    folders = [cache, *cache.iterdir()]
    for folder in folders:
        folder.chmod(0o555)
    assert printed(run(sys.executable, program, env=with_cache(cache))) == "0 1\n"


def test_each_value_and_edit_is_another_function(tmp_path: Path) -> None:
    program, other = tmp_path / "program.py", tmp_path / "other.py"
    program.write_text(VALUES)
    for factor, *arguments, answer in (
        (2, 3, 1, "31 0 1\n"),
        (2, 3, 1, "31 1 0\n"),
        (2, 4, 1, "41 0 1\n"),
        (2, 3, 7, "37 0 1\n"),
        (10, 3, 1, "151 0 1\n"),
        (2, 3, 1, "31 1 0\n"),
    ):
        other.write_text(OTHER.format(factor))
        variables = with_cache(tmp_path / "cache", PYTHONDONTWRITEBYTECODE="1")
        done = run(sys.executable, program, *arguments, env=variables)
        assert printed(done) == answer
    program.write_text(VALUES.replace("* N +", "* N -"))
    assert printed(run(sys.executable, program, 3, 1, env=variables)) == "29 0 1\n"


def test_what_has_no_description_is_not_cached(tmp_path: Path) -> None:
    program = script(tmp_path / "code", EXTENDED)
    for factor in (2, 3):
        done = run(sys.executable, program, factor, env=with_cache(tmp_path / "cache"))
        assert printed(done) == f"{5 * factor}\n"
    assert [*(tmp_path / "cache").rglob("*.nb?")] == []


@pytest.mark.parametrize("what", sampled(EDITS, 3))
def test_an_edit_of_what_is_compiled_in_is_seen(what: str, tmp_path: Path) -> None:
    program, other, answers = EDITS[what]
    (tmp_path / "program.py").write_text(EDITED.format(program))
    variables = with_cache(tmp_path / "cache", PYTHONDONTWRITEBYTECODE="1")
    for given, answer in answers.items():
        (tmp_path / "other.py").write_text(other.format(given))
        done = run(sys.executable, tmp_path / "program.py", env=variables)
        assert printed(done) == f"{answer}\n"


@pytest.mark.parametrize("what", sampled(UNCACHED, 2))
def test_what_cannot_be_cached_is_right_each_time(what: str, tmp_path: Path) -> None:
    text, answer = UNCACHED[what]
    program = script(tmp_path / "code", EDITED.format(text))
    for _ in range(2):
        done = run(sys.executable, program, env=with_cache(tmp_path / "cache"))
        assert printed(done) == f"{answer}\n"


DEFERRED = """
import numba, _hpcpy_numba_key as key
from numba import types
kind = types.deferred_type()
kind.define(types.Tuple((types.int64, types.Optional(kind))))
f = numba.njit(lambda x: x)
print(type(key.of(f.py_func, f, (kind,))).__name__)
"""


def test_a_type_that_has_itself_within_is_described() -> None:
    assert printed(run(sys.executable, "-c", DEFERRED)) == "bytes\n"


PARALLEL = """
import numba
@numba.njit(cache=True, parallel={"fusion": True})
def f(n):
    s = 0
    for i in numba.prange(n): s += i
    return s
print(f(4), sum(f.stats.cache_hits.values()))
"""


def test_options_that_compiling_changes_are_those_of_the_program(tmp_path: Path) -> None:
    program = script(tmp_path / "code", PARALLEL)
    for hits in (0, 1):
        done = run(sys.executable, program, env=with_cache(tmp_path / "cache"))
        assert printed(done) == f"6 {hits}\n"


def test_what_python_looks_up_keeps_nothing_from_the_cache(tmp_path: Path) -> None:
    program = script(tmp_path / "code", LOOKED_UP)
    for number, answer in ((2, "3 0\n"), (3, "4 1\n")):
        done = run(sys.executable, program, number, env=with_cache(tmp_path / "cache"))
        assert printed(done) == answer


def test_another_method_is_another_class(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    for number in (2, 4):
        program.write_text(METHOD.format(number))
        os.utime(program, (1, 1))  # An edit in the same second, of the same length.
        done = run(sys.executable, program, env=with_cache(tmp_path / "cache"))
        assert printed(done) == f"{15 + number + 3 * number}\n"


def test_processors_have_their_own_code_unless_one_is_named(tmp_path: Path) -> None:
    program = script(tmp_path / "code", RANK)
    level = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
    for variables, counts in (({}, "1 0\n"), (level, "1 0\n"), ({}, "0 1\n"), (level, "0 1\n")):
        done = run(sys.executable, program, env=with_cache(tmp_path / "cache", **variables))
        assert printed(done) == counts


def test_ranks_compile_nothing_that_one_has_compiled(tmp_path: Path) -> None:
    program = script(tmp_path / "code", RANK)
    variables = with_cache(tmp_path / "cache")
    run(sys.executable, program, env=variables, check=True)
    done = run(*launcher(16), sys.executable, program, env=variables)
    assert printed(done) == "0 1\n" * 16


def test_ranks_that_compile_at_once_read_their_own_code(tmp_path: Path) -> None:
    program = script(tmp_path / "code", TYPES)
    for _ in range(2):
        done = run(*launcher(7), sys.executable, program, env=with_cache(tmp_path / "cache"))
        assert printed(done) == ""
