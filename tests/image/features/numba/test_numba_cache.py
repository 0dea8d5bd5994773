"""numba compiles none of the image's kernels, and caches functions for this processor."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import llvmlite.binding as llvm
import pytest
from numba_programs import COUNTING, KERNELS, ran, script

from _hpcpy_numba_levels import LEVELS, level
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
ROWS = [
    name
    for name, one in TECHNIQUES.items()
    if one.module in numba_modules() and one.parallel != "processes"
]
SINGLE = {name for name in ROWS if set(TECHNIQUES[name].problems) & set(SINGLE_AREAS)}
# A processor of 2008 that the image has no code for, and whose code any machine here can run.
UNKNOWN = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
# What numba compiles in each process, having no cache for it.
WRAPPERS = {"nrt", "ufunc_wrapper", "parallelgufuncwrapper"}


def kernels(folder: Path, *areas: str, rows: list[str] | None = None) -> str:
    """Write a program that counts, and fills areas by rows of the table, all by default."""
    return script(folder, COUNTING, KERNELS.format(rows=rows or ROWS, areas=list(areas)))


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


@pytest.mark.parametrize("row", sampled(ROWS))
def test_this_processor_has_a_level_without_being_told(row: str, tmp_path: Path) -> None:
    # Each alone: none may live on what another has loaded.
    seen, said = ran(kernels(tmp_path / "code", "area1", rows=[row]), tmp_path)
    assert (seen["compiled"], seen["generated"], seen["written"], said) == ([], [], [], "")
    # That of a ufunc in numba's own class declares what numba has for arrays.
    assert seen["loaded"] == (["compiler"] if "_ufuncs" in TECHNIQUES[row].module else [])
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


@pytest.mark.long
def test_numba_is_as_elsewhere_where_that_is_asked_for(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1", rows=["numba"])
    seen, said = ran(program, tmp_path, {"HPCPY_NUMBA": "stock"})
    assert said == ""
    assert {"escape_time", "fill"} <= set(seen["compiled"])
    assert "nrt" in seen["generated"]
    assert seen["answers"] == [AREAS["area1"].sha256]


def test_kernels_go_where_nothing_at_all_can_be_written(tmp_path: Path) -> None:
    program = kernels(tmp_path / "code", "area1", rows=["numba"])
    for _ in range(2):
        seen, said = ran(program, tmp_path, {**UNKNOWN, "NUMBA_CACHE_DIR": "/nonexistent"})
        assert said == ""
        assert {"escape_time", "fill"} <= set(seen["compiled"])
        assert seen["answers"] == [AREAS["area1"].sha256]


def test_functions_of_a_user_are_for_this_very_processor() -> None:
    program = "from numba.core.registry import cpu_target as t; " + (
        "print(*t.target_context.codegen().magic_tuple()[1:], sep='\\n')"
    )
    done = run(sys.executable, "-c", program, check=True)
    name, features = done.stdout.splitlines()
    assert name == llvm.get_host_cpu_name()
    assert {f for f in features.split(",") if f[0] == "+"} <= set(FEATURES.split(","))
