"""Draw programs with numba's functions, and compare their answers with caching and without.

``random_programs.py SEED COUNT FOLDER`` draws COUNT programs of two files.  Most are an edit
of the one before, at the same paths, with the same folder for the cache.  Each is run without
a cache, then twice with it, by processes forked once numba is imported.  It prints each seed
whose answers differ, and ends with 1 if there is one.
"""

import contextlib
import importlib
import io
import json
import os
import random
import re
import runpy
import sys
import traceback
from pathlib import Path

HEAD = """
import collections, enum, functools, math, os, sys, numba, numpy as np
from numba import njit, vectorize, guvectorize
CACHE = os.environ["RANDOM_CACHE"] == "1"
answers = []
def answer(function, *arguments):
    try:
        got = function(*arguments)
    except Exception as error:
        got = type(error).__name__
    answers.append(repr(np.asarray(got).tolist()))
"""
UNARY = ("math.sin", "math.cos", "math.sqrt", "abs", "np.floor", "np.ceil", "float", "int")
LITERALS = ('"a"', '"abc"', "(1, 2, 3)")
FLAGS = ("nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc")


class Draw(random.Random):
    def number(self) -> str:
        return self.choice(("1", "2", "3", "10", "1.5", "2.5", "-1", "0.0", "-0.0", "True"))

    def body(self, name: str = "x") -> str:
        sign, number = self.choice("+-*"), self.number()
        forms = (
            f"{name} {sign} {number}",
            f"{self.choice(UNARY)}({name}) {sign} {number}",
            f"{name} if {name} > {self.number()} else {number}",
            f"{name} * {number} + len({self.choice(LITERALS)})",
            f"(lambda y: y {sign} {number})({name})",
        )
        return self.choice(forms)

    def pair(self, name: str) -> tuple[str, str]:
        """Draw two expressions, the second often the first but for numbers and names."""
        first = self.body(name)
        if self.random() < 0.2:
            return first, self.body(name)
        return first, re.sub(r"[a-z]+\.[a-z]+|\d+\.\d+|\d+", self._another, first)

    def _another(self, found: re.Match[str]) -> str:
        return self.choice(UNARY[:3] if found[0] > "a" else ("4", "5", "6.5", "7.5"))

    def options(self) -> str:
        flags = ", ".join(repr(flag) for flag in self.sample(FLAGS, self.randint(1, 4)))
        forms = ("", f", fastmath={{{flags}}}", ', error_model="numpy"', ", boundscheck=True")
        return self.choice(forms)


def two_on_a_line(draw: Draw) -> str:
    first, second = draw.pair("x")
    return f"""
a, b = njit(cache=CACHE)(lambda x: {first}), njit(cache=CACHE)(lambda x: {second})
answer(a, 4.0); answer(b, 4.0); answer(b, 4)
"""


def closure_over_dispatchers(draw: Draw) -> str:
    return f"""
def op(which):
    if which:
        @njit{draw.choice(("", "(cache=CACHE)"))}
        def step(x): return {draw.body()}
    else:
        @njit{draw.choice(("", "(cache=CACHE)", "(error_model='numpy')"))}
        def step(x): return {draw.body()}
    return step
def twice(step):
    @njit(cache=CACHE)
    def f(x): return step(step(x)) + {draw.number()}
    return f
for which in [True, False][::int(sys.argv[1])]: answer(twice(op(which)), 5.0)
"""


def values_of_both_files(draw: Draw) -> str:
    return f"""
N = {draw.number()} * int(sys.argv[1])
TABLE = np.array([{draw.number()}, {draw.number()}, 1.5])
class Kind(enum.IntEnum):
    LOW = {draw.randint(1, 3)}
    HIGH = {draw.randint(4, 6)}
@njit(cache=CACHE)
def uses(x, extra={draw.randint(1, 9)}): return x * N + TABLE[1] + other.K + Kind.HIGH + extra
answer(uses, 3.0); answer(uses, 3.0, 4)
@njit(cache=CACHE)
def f(x): return {draw.choice(("other.f(x)", "other.made(x)", "other.plain(x)"))} + {draw.body()}
answer(f, 2.0); answer(other.f, 2.0); answer(f, 2)
"""


def ufuncs(draw: Draw) -> str:
    target = draw.choice(("", "", "", ", target='parallel'"))
    first, second = draw.pair("x")
    return f"""
@vectorize(["float64(float64)"], cache=CACHE{target})
def u(x): return {draw.body()}
of = vectorize(["float64(float64)"], cache=CACHE)
v, w = of(lambda x: {first}), of(lambda x: {second})
@njit(cache=CACHE)
def through(x): return u(x) + v(x)
for one in (u, v, w, other.ufunc()): answer(one, np.array([5.0, 2.0]))
answer(through, 3.0)
def g(a, out):
    for i in range(len(a)): out[i] = a[i] * {draw.number()} + {draw.number()}
guf = guvectorize(["void(float64[:], float64[:])"], "(n)->(n)", cache=CACHE)(g)
answer(guf, np.arange(6.0).reshape(2, 3))
"""


def fields_slices_and_classes(draw: Draw) -> str:
    first, second = draw.sample(("low", "high"), 2)
    return f"""
Span = collections.namedtuple("Span", ["{first}", "{second}"])
span = Span({draw.number()}, {draw.number()})
part = slice({draw.randint(0, 2)}, {draw.randint(3, 6)})
@njit(cache=CACHE)
def spanned(x): return x * span.low - span.high
@njit(cache=CACHE)
def parted(a): return a[part].sum()
answer(spanned, 3.0); answer(parted, np.arange(8.0))
@numba.experimental.jitclass([("n", numba.float64)])
class Held:
    def __init__(self, n): self.n = n
    def of(self, x): return {draw.body()} + self.n
@njit(cache=CACHE)
def held(x): return Held({draw.number()}).of(x)
answer(held, 4.0)
"""


# How often each run took code from the cache.
LOADED: list[int] = []
PARTS = (
    *(two_on_a_line, closure_over_dispatchers, values_of_both_files, ufuncs),
    fields_slices_and_classes,
)


def other_file(draw: Draw) -> str:
    """Draw the file that programs import, in which names are those of the program's."""
    return f"""{HEAD}
K = {draw.number()}
{draw.choice(("", "#", "# x"))}
@njit(cache=CACHE{draw.options()})
def f(x): return {draw.body()}
def make(n):
    @njit(cache=CACHE)
    def f(x): return x * n
    return f
made = make({draw.number()})
@numba.extending.register_jitable
def plain(x): return {draw.body()}
def ufunc(): return vectorize(["float64(float64)"], cache=CACHE)(lambda x: {draw.body()})
"""


def program(shape: int, draw: Draw) -> str:
    """Draw a program; those of a shape are edits of each other."""
    parts = Draw(shape).sample(PARTS, 2)
    return "\n".join([HEAD, "import other", *(part(draw) for part in parts)])


def forked(folder: Path, cache: str, order: str) -> str:
    """Return what a program answers, in a process of its own."""
    told = folder / "told"
    told.write_text("ended")
    child = os.fork()
    if not child:
        from numba.core.caching import IndexDataCacheFile

        load, loads = IndexDataCacheFile.load, list[bool]()

        def counted(file: IndexDataCacheFile, key: object) -> object:
            data = load(file, key)
            loads.append(data is not None)
            return data

        IndexDataCacheFile.load = counted
        os.environ["RANDOM_CACHE"] = cache
        sys.argv = ["program.py", order]
        sys.path.insert(0, str(folder))
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                made = runpy.run_path(str(folder / "program.py"), run_name="__main__")
            told.write_text(json.dumps([made["answers"], sum(loads)]))
        except BaseException:  # It is the answer.
            told.write_text(traceback.format_exc())
        os._exit(0)
    os.waitpid(child, 0)
    if not (text := told.read_text()).startswith("["):
        return text
    answers, hits = json.loads(text)
    LOADED.append(hits)
    return json.dumps(answers)


def differs(seed: int, folder: Path) -> bool:
    """Write the program of a number, and run it; programs in a row are edits of each other."""
    draw = Draw(seed)
    (folder / "program.py").write_text(program(seed // 6, draw))
    if seed % 6 != 3:  # the one file is edited, the other is not
        (folder / "other.py").write_text(other_file(draw))
    order = draw.choice(("1", "-1"))
    right = forked(folder, "0", order)
    cached = [forked(folder, "1", order) for _ in range(2)]
    if right[0] != "[":
        print(f"seed {seed}: no program\n{right}")
    elif cached == [right, right]:
        return False
    print(f"seed {seed}: without a cache {right}\n" + "\n".join(cached), flush=True)
    return True


def main(seed: str, count: str, folder: str) -> int:
    sys.dont_write_bytecode = True
    os.environ["NUMBA_CACHE_DIR"] = f"{folder}/cache"
    importlib.import_module("numba").njit(lambda x: x)(1.0)  # Children need not load the compiler.
    numbers = range(int(seed), int(seed) + int(count))
    wrong = [number for number in numbers if differs(number, Path(folder))]
    print(f"{len(numbers)} programs, {len(wrong)} differ: {wrong}; {sum(LOADED)} loads")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
