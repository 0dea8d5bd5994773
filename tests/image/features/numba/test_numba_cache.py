"""numba compiles none of the image's kernels, and each function of a user's once."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import llvmlite.binding as llvm
import pytest
from numba_programs import COUNTING, KERNELS, OF_USERS, USERS, ran, script

from _hpcpy_numba import LEVELS, level
from running import run
from tiers import sampled
from workloads.mandel.grid import AREAS, SINGLE_AREAS
from workloads.mandel.registry import TECHNIQUES
from workloads.registry import numba_modules

FEATURES = llvm.get_host_cpu_features().flatten()
HERE = level((llvm.get_process_triple(), llvm.get_host_cpu_name(), FEATURES))
# What this machine can run: its own level and those below.
RUNNABLE = list(LEVELS)[list(LEVELS).index(HERE) :]
# What other processes compile is not seen.
ROWS = {
    name: one.module
    for name, one in TECHNIQUES.items()
    if one.module in numba_modules() and one.parallel != "processes"
}
SINGLE = {name for name in ROWS if set(TECHNIQUES[name].problems) & set(SINGLE_AREAS)}
# A processor of 2008 that the image has no code for, and whose code any machine here can run.
UNKNOWN = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
# What numba compiles in each process, having no cache for it.
WRAPPERS = {"nrt", "ufunc_wrapper", "parallelgufuncwrapper"}


def kernels(folder: Path, *areas: str, rows: list[str] | None = None) -> str:
    """Write a program that counts, and fills areas by rows of the table, all by default."""
    modules = [ROWS[row] for row in rows or ROWS]
    return script(folder, COUNTING, KERNELS.format(modules=modules, areas=list(areas)))


def answers(*areas: str, rows: Iterable[str] = ROWS) -> list[str]:
    """Return what KERNELS finds: areas by rows, some of which are of single precision."""
    return [
        SINGLE_AREAS[f"{area}-single"].sha256 if row in SINGLE else AREAS[area].sha256
        for row in rows
        for area in areas
    ]


# That each row is ready on this processor is the next test but one.
@pytest.mark.long
@pytest.mark.parametrize("processor", RUNNABLE)
def test_no_kernel_of_the_image_is_compiled_or_cached(processor: str, tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", *AREAS)
    seen, said = ran(program, tmp_path, {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""})
    assert (seen["compiled"], seen["generated"], seen["written"], said) == ([], [], [], "")
    assert seen["answers"] == answers(*AREAS)
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


@pytest.mark.parametrize("row", sampled(ROWS, keep=2))
def test_this_processor_has_a_level_without_being_told(row: str, tmp_path: Path) -> None:
    # Each alone: none may live on what another has loaded.
    seen, said = ran(kernels(tmp_path / "code", "area1", rows=[row]), tmp_path)
    assert (seen["compiled"], seen["generated"], seen["written"], said) == ([], [], [], "")
    # That of a ufunc in numba's own class declares what numba has for arrays.
    assert seen["loaded"] == (["compiler"] if row in ("vectorize", "guvectorize") else [])
    assert seen["answers"] == answers("area1", rows=[row])


@pytest.mark.long
def test_an_unknown_processor_compiles_once_and_goes(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1")
    first, said = ran(program, tmp_path, UNKNOWN)
    assert said == ""
    assert {"escape_time", "fill"} <= set(first["compiled"])
    assert not WRAPPERS.issuperset(first["generated"])
    assert (tmp_path / f"hpcpy-{os.getuid()}/numba").is_dir()
    second, said = ran(program, tmp_path, UNKNOWN)
    assert said == ""
    assert second["compiled"] == []
    assert WRAPPERS.issuperset(second["generated"])
    assert first["answers"] == second["answers"] == answers("area1")


def test_numba_is_as_elsewhere_where_that_is_asked_for(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1", rows=["numba"])
    seen, said = ran(program, tmp_path, {"HPCPY_NUMBA": "stock"})
    assert said == ""
    assert sorted(seen["compiled"]) == ["escape_time", "fill"]
    assert "nrt" in seen["generated"]
    assert seen["answers"] == [AREAS["area1"].sha256]


def test_kernels_go_where_nothing_at_all_can_be_written(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1", rows=["numba"])
    for _ in range(2):
        seen, said = ran(program, tmp_path, {**UNKNOWN, "NUMBA_CACHE_DIR": "/nonexistent"})
        assert said == ""
        assert sorted(seen["compiled"]) == ["escape_time", "fill"]
        assert seen["answers"] == [AREAS["area1"].sha256]


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments",
    [pytest.param(("more",), id="and compiled"), pytest.param((), id="only loaded")],
)
def test_functions_of_a_user_are_compiled_once(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    # In a folder that cannot be written, without a home.
    program = script(tmp_path / "code", COUNTING, USERS)
    first, said = ran(program, tmp_path)
    assert said == ""
    assert OF_USERS.issubset(first["compiled"])
    assert all(str(tmp_path) in path for path in first["written"]), first["written"]
    folder = tmp_path / f"hpcpy-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list((folder / "numba").rglob("*.nbc"))
    second, said = ran(program, tmp_path, {}, *arguments)
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


def test_extensions_of_numba_on_the_path_are_found(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (packages / "extension-1.dist-info").mkdir(parents=True)
    points = "[numba_extensions]\ninit = extension:init\n"
    (packages / "extension-1.dist-info/entry_points.txt").write_text(points)
    (packages / "extension.py").write_text("def init(): print('extended')")
    program = script(tmp_path / "code", COUNTING, EXTENDED)
    variables = {"PYTHONPATH": str(packages)}
    for _ in range(2):
        done = run(
            sys.executable,
            program,
            env={**os.environ, "TMPDIR": str(tmp_path), **variables},
            check=True,
        )
        assert done.stdout.startswith("extended")
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["answers"], seen["compiled"], seen["loaded"]) == ([4], [], [])


def test_functions_of_a_user_are_for_this_very_processor() -> None:
    program = "from numba.core.registry import cpu_target as t; " + (
        "print(*t.target_context.codegen().magic_tuple()[1:], sep='\\n')"
    )
    done = run(sys.executable, "-c", program, check=True)
    name, features = done.stdout.splitlines()
    assert name == llvm.get_host_cpu_name()
    assert {f for f in features.split(",") if f[0] == "+"} <= set(FEATURES.split(","))
