"""numba compiles none of the image's kernels, and each function of a user's once."""

from __future__ import annotations

import json
import os
import platform
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

if platform.machine() != "x86_64":
    pytest.skip("levels of x86-64", allow_module_level=True)

import llvmlite.binding as llvm

from _hpcpy_numba import LEVELS, level
from workloads.mandel.grid import AREAS
from workloads.mandel.registry import TECHNIQUES
from workloads.registry import numba_modules

FEATURES = llvm.get_host_cpu_features().flatten()
HERE = level((llvm.get_process_triple(), llvm.get_host_cpu_name(), FEATURES))
# What this machine can run: its own level and those below.
RUNNABLE = list(LEVELS)[list(LEVELS).index(HERE) :]
ROWS = {name: one.module for name, one in TECHNIQUES.items() if one.module in numba_modules()}
# Of 2008, and in the image for nobody: every machine that runs the image can run its code.
UNKNOWN = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
# What numba compiles in each process, having no cache for it.
WRAPPERS = {"nrt", "ufunc_wrapper", "parallelgufuncwrapper"}

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
import hashlib, importlib, numpy as np
from workloads.harness.team import Team
from workloads.mandel.grid import AREAS
for module in {modules!r}:
    technique = importlib.import_module(module)
    for area in {areas!r}:
        grid = AREAS[area].grid
        out = np.empty((grid.height, grid.width), np.int32)
        technique.compute(grid, range(grid.height), out, Team(2))
        seen["answers"].append(hashlib.sha256(out).hexdigest())
"""

COUNTS = """
import importlib
from workloads.harness.team import Team
for name in ("numba_scalar", "numba_parallel"):
    technique = importlib.import_module(f"workloads.pi.techniques.{name}")
    seen["answers"].append(technique.compute(1000, 2022, Team(2))[0])
"""

USERS = """
import numba, numpy as np, sys
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
if len(sys.argv) > 1:
    # One more type, after all else was only loaded.
    said += [total(np.ones(10, np.float32)), counted(["a", "b"] * 2)]
seen["answers"] = said
"""
OF_USERS = {"counted", "noise", "fails", "total"}


def run(
    program: str, tmp: Path, variables: dict[str, str] | None = None, *arguments: str
) -> tuple[dict[str, Any], str]:
    """Run a program that counts; what it saw, and its stderr."""
    # Other tests of this process may have set where caches go.
    mine = ("NUMBA_", "XDG_CACHE_HOME")
    base = {k: v for k, v in os.environ.items() if not k.startswith(mine)}
    done = subprocess.run(
        [sys.executable, program, *arguments],
        env={**base, "TMPDIR": str(tmp), **(variables or {})},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
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


def kernels(folder: Path, *areas: str, rows: list[str] | None = None) -> str:
    """Write a program that counts, and fills areas by rows of the table, all by default."""
    modules = [ROWS[row] for row in rows or ROWS]
    return script(folder, COUNTING, KERNELS.format(modules=modules, areas=list(areas)))


@pytest.mark.parametrize("processor", RUNNABLE)
def test_no_kernel_of_the_image_is_compiled_or_cached(processor: str, tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", *AREAS)
    seen, said = run(program, tmp_path, {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""})
    assert (seen["compiled"], seen["generated"], seen["written"], said) == ([], [], [], "")
    assert seen["answers"] == [area.sha256 for area in AREAS.values()] * len(ROWS)
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


@pytest.mark.parametrize("processor", RUNNABLE)
def test_no_kernel_of_another_workload_is_either(processor: str, tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, COUNTS)
    seen, said = run(program, tmp_path, {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""})
    assert (seen["compiled"], seen["generated"], seen["written"], said) == ([], [], [], "")
    assert seen["answers"] == [797, 797]


@pytest.mark.parametrize("row", ROWS)
def test_this_processor_has_a_level_without_being_told(row: str, tmp_path: Path) -> None:
    # Each alone: none may live on what another has loaded.
    seen, said = run(kernels(tmp_path / "code", "area1", rows=[row]), tmp_path)
    assert (seen["compiled"], seen["generated"], seen["written"], said) == ([], [], [], "")
    # That of a ufunc in numba's own class declares what numba has for arrays.
    assert seen["loaded"] == (["compiler"] if row in ("vectorize", "guvectorize") else [])
    assert seen["answers"] == [AREAS["area1"].sha256]


def test_an_unknown_processor_compiles_once_and_goes(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1")
    first, said = run(program, tmp_path, UNKNOWN)
    assert said == ""
    assert {"escape_time", "fill"} <= set(first["compiled"])
    assert not WRAPPERS.issuperset(first["generated"])
    assert (tmp_path / f"hpcpy-{os.getuid()}/numba").is_dir()
    second, said = run(program, tmp_path, UNKNOWN)
    assert said == ""
    assert second["compiled"] == []
    assert WRAPPERS.issuperset(second["generated"])
    assert first["answers"] == second["answers"] == [AREAS["area1"].sha256] * len(ROWS)


def test_numba_is_as_elsewhere_where_that_is_asked_for(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1", rows=["numba"])
    seen, said = run(program, tmp_path, {"HPCPY_NUMBA": "stock"})
    assert said == ""
    assert sorted(seen["compiled"]) == ["escape_time", "fill"]
    assert "nrt" in seen["generated"]
    assert seen["answers"] == [AREAS["area1"].sha256]


def test_an_unknown_processor_is_told_to_whoever_asks(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", rows=["numba"])
    done = subprocess.run(
        [sys.executable, program],
        env={**os.environ, "TMPDIR": str(tmp_path), **UNKNOWN, "NUMBA_DEBUG_CACHE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "not in the image for this processor: <function escape_time" in done.stdout


def test_kernels_go_where_nothing_at_all_can_be_written(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1", rows=["numba"])
    for _ in range(2):
        seen, said = run(program, tmp_path, {**UNKNOWN, "NUMBA_CACHE_DIR": "/nonexistent"})
        assert said == ""
        assert sorted(seen["compiled"]) == ["escape_time", "fill"]
        assert seen["answers"] == [AREAS["area1"].sha256]


@pytest.mark.parametrize("arguments", [(), ("more",)], ids=["only loaded", "and compiled"])
def test_functions_of_a_user_are_compiled_once(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    # In a folder that cannot be written, without a home.
    program = script(tmp_path / "code", COUNTING, USERS)
    first, said = run(program, tmp_path)
    assert said == ""
    assert OF_USERS.issubset(first["compiled"])
    assert all(str(tmp_path) in path for path in first["written"]), first["written"]
    folder = tmp_path / f"hpcpy-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list((folder / "numba").rglob("*.nbc"))
    second, said = run(program, tmp_path, {}, *arguments)
    assert said == ""
    assert OF_USERS.intersection(second["compiled"]) == ({"total"} if arguments else set())
    assert second["answers"][: len(first["answers"])] == first["answers"]
    assert second["answers"][len(first["answers"]) :] == ([10.0, 25] if arguments else [])


EXTENDED = """
import numba
@numba.njit(cache=True)
def twice(x):
    return 2 * x
seen["answers"] = [twice(2)]
"""


@pytest.mark.parametrize("extended", [False, True])
def test_extensions_of_numba_on_the_path_are_found(extended: bool, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (packages / "extension-1.dist-info").mkdir(parents=True)
    points = "[numba_extensions]\ninit = extension:init\n"
    (packages / "extension-1.dist-info/entry_points.txt").write_text(points)
    (packages / "extension.py").write_text("def init(): print('extended')")
    program = script(tmp_path / "code", COUNTING, EXTENDED)
    variables = {"PYTHONPATH": str(packages)} if extended else {}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, program],
            env={**os.environ, "TMPDIR": str(tmp_path), **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith("extended") == extended
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["answers"], seen["compiled"], seen["loaded"]) == ([4], [], [])


def test_functions_of_a_user_are_for_this_very_processor() -> None:
    program = "from numba.core.registry import cpu_target as t; " + (
        "print(*t.target_context.codegen().magic_tuple()[1:], sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    name, features = done.stdout.splitlines()
    assert name == llvm.get_host_cpu_name()
    assert {f for f in features.split(",") if f[0] == "+"} <= set(FEATURES.split(","))


def test_another_builds_machine_code_is_left_alone(tmp_path: Path) -> None:
    # As where a derived image replaces the interpreter and not the folder.
    change = "import _hpcpy_numba; _hpcpy_numba.stamp = lambda: b'another build'"
    area = KERNELS.format(modules=[ROWS["numba"]], areas=["area1"])
    seen, _ = run(script(tmp_path / "code", COUNTING, change, area), tmp_path)
    assert sorted(seen["compiled"]) == ["escape_time", "fill"]
    assert seen["answers"] == [AREAS["area1"].sha256]
