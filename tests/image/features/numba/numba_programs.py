"""Programs that say what numba compiled and Python wrote, for test_numba_cache."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from running import run

# Says at its end what numba compiled, for what LLVM made code, what Python wrote.
COUNTING = """
import atexit, json, os, sys
seen = {"compiled": [], "generated": [], "written": [], "loaded": [], "answers": []}
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.chmod", "subprocess.Popen", "os.fork"}
def look(event, arguments):
    if event in CHANGES or (
        event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    ):
        seen["written"].append(f"{event} {arguments[0]}")
from numba.core import codegen, event
sys.addaudithook(look)
class Compilations(event.Listener):
    def on_start(self, one):
        seen["compiled"].append(one.data["dispatcher"].py_func.__qualname__)
    def on_end(self, one):
        pass
event.register("numba:compile", Compilations())
emitted = codegen.JITCodeLibrary._object_compiled_hook.__func__
def hook(cls, module, code):
    # LLVM's engine is made with an empty module.
    if module.name != "global_codegen_module":
        seen["generated"].append(module.name)
    return emitted(cls, module, code)
codegen.JITCodeLibrary._object_compiled_hook = classmethod(hook)
def tell():
    if "numba.cpython.unicode" in sys.modules:
        seen["loaded"].append("compiler")
    tracker = sys.modules.get("multiprocessing.resource_tracker")
    if tracker and tracker._resource_tracker._pid:
        seen["loaded"].append("another Python, for a lock")
    print(json.dumps(seen))
atexit.register(tell)
"""

KERNELS = """
import contextlib, hashlib, numpy as np
from workloads.bench.workload import Trial
from workloads.parallel.workers import Workers
from workloads.mandel.grid import AREAS, SINGLE_AREAS
from workloads.mandel.registry import TECHNIQUES, compute
for row in {rows!r}:
    for area in {areas!r}:
        single = TECHNIQUES[row].problems
        grid = (SINGLE_AREAS[f"{{area}}-single"] if single else AREAS[area]).grid
        out = np.empty((grid.height, grid.width), np.int32)
        trial = Trial(row, TECHNIQUES[row], Workers(2), contextlib.nullcontext)
        compute(trial, grid, range(grid.height), out, "numba")
        seen["answers"].append(hashlib.sha256(out).hexdigest())
"""


USERS = """
import numba, numpy as np
@numba.njit(cache=True)
def counted(words):
    found = dict()
    for word in words:
        found[word] = found[word] + 1 if word in found else 1
    return found["a"] * 10 + found["b"] + len(set(words)) + (hash("a") == hash(words[0]))
@numba.njit(cache=True)
def noise(n):
    np.random.seed(1)
    return round(np.sqrt(np.abs(np.random.normal(0.0, 1.0, n))).sum(), 6)
@numba.njit(cache=True)
def fails(x):
    if x > 1:
        raise ValueError("more than one", x)
    return str(x) + "!"
@numba.njit(cache=True, parallel=True)
def total(values):
    s = 0.0
    for i in numba.prange(len(values)):
        s += values[i]
    return s
@numba.vectorize(["float64(float64, float64)"], cache=True)
def ufunc(a, b):
    return a * b + 1.0
@numba.guvectorize(["void(float64[:], float64[:])"], "(n)->(n)", cache=True)
def running(a, out):
    s = 0.0
    for i in range(len(a)):
        s += a[i]
        out[i] = s
@numba.njit(cache=True)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
@numba.cfunc("float64(float64)", cache=True)
def callback(x):
    return x / 2.0
said = [counted(["a", "b", "a"]), noise(10), fails(1), total(np.ones(100)), callback.ctypes(3.0)]
said += [ufunc(2.0, 3.0).item(), running(np.ones(3)).tolist()]
said += [fibonacci(10)]
try:
    fails(2)
except ValueError as error:
    said.append(str(error.args))
seen["answers"] = said
"""
OF_USERS = {"counted", "noise", "fails", "total"}

# One function with a cache: how often it was compiled, and how often taken from there.
ROOT = """
import numba
@numba.njit(cache=True)
def root(x):
    return x ** 0.5
root(4.0)
print(sum(root.stats.cache_misses.values()), sum(root.stats.cache_hits.values()))
"""


def ran(
    program: str, tmp: Path, variables: dict[str, str] | None = None
) -> tuple[dict[str, Any], str]:
    """Run a program that counts; what it saw, and its stderr."""
    # Other tests of this process may have set where caches go.
    mine = ("NUMBA_", "XDG_CACHE_HOME")
    base = {k: v for k, v in os.environ.items() if not k.startswith(mine)}
    done = run(
        sys.executable, program, env={**base, "TMPDIR": str(tmp), **(variables or {})}, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def script(folder: Path, *parts: str) -> str:
    """Write a program into a folder that nobody can write to afterwards."""
    folder.mkdir()
    path = folder / "program.py"
    path.write_text("\n".join(parts))
    folder.chmod(0o555)
    return str(path)
