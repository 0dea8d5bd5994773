"""Features of the interpreter: what they are made of, numba's levels; where MPI's library is."""

import ctypes
import re
import tomllib
from pathlib import Path

import pytest
from fuzzing import DRIVERS, compiled
from small_bundle import FEATURES

from _hpcpy_numba_levels import LEVELS, level
from hpcpy.core.paths import ROOT
from hpcpy.images.graph import the_graph
from running import printed, run

NAMES = [path.name for path in sorted(FEATURES.iterdir()) if path.is_dir()]
TABLE = FEATURES.parent / "start/wraps.toml"
WRAPS = tomllib.loads(TABLE.read_text())
# This feature is in no image for users.
OWN_TESTS = {"sanitize": "image_sanitized"}


def test_the_image_has_all_but_what_is_for_tests_and_the_plain_one_none() -> None:
    graph = the_graph()
    assert {*graph.image("hpcpy").features, *OWN_TESTS} == {*NAMES}
    assert graph.image("plain").features == ()


def test_nothing_stands_before_a_function_of_the_c_library_but_for_a_threads_stack() -> None:
    # Programs open files through the C library, as everywhere: no answer of it is made up.
    wrapped = {name for functions in WRAPS["wrap"].values() for name in functions}
    recipe = (ROOT / "recipes/interpreter/link.sh").read_text()
    (exported,) = re.findall(r"^echo '\{ (.*); \};' >exports$", recipe, re.MULTILINE)
    assert len(wrapped) > 10
    names, c_library = wrapped | set(exported.split("; ")), ctypes.CDLL("libc.so.6")
    assert {name for name in names if hasattr(c_library, name)} == {"pthread_create"}


def test_a_program_that_renames_itself_still_gets_the_sites_library(tmp_path: Path) -> None:
    (tmp_path / "libmpi.so.12").touch()
    program = compiled(tmp_path / "renamed", DRIVERS / "renamed.c")
    assert printed(run(program, "libmpi.so.12", env={"LD_LIBRARY_PATH": str(tmp_path)})) == "0\n"


X86_64 = "x86_64-unknown-linux-gnu"


def features(names: frozenset[str], *absent: str) -> str:
    """Return features as LLVM lists them."""
    return ",".join([*(f"+{name}" for name in sorted(names)), *(f"-{name}" for name in absent)])


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_is_known_by_its_features(name: str) -> None:
    assert level((X86_64, "znver5", features(LEVELS[name] | {"clzero"}, "amx-tile"))) == name
    # One that lacks a feature is the next.
    below = list(LEVELS)[list(LEVELS).index(name) + 1 :]
    for one in LEVELS[name] - (LEVELS[below[0]] if below else frozenset()):
        found = level((X86_64, "haswell", features(LEVELS[name] - {one}, one)))
        assert found == (below[0] if below else "")


@pytest.mark.parametrize(
    ("machine", "processor", "features", "name"),
    [
        # NUMBA_CPU_NAME=x86-64-v4 NUMBA_CPU_FEATURES=-avx512f
        ("x86_64", "x86-64-v4", "-avx512f", ""),
        ("aarch64", "neoverse-v2", "+neon,+sve,+sve2", "neoverse-v2"),  # Grace
        ("aarch64", "neoverse-v2", "+neon,-sve2", "generic"),
        ("aarch64", "generic", "-neon", ""),
        ("ppc64le", "pwr9", "+vsx", ""),
    ],
)
def test_a_processor_has_a_level_or_none(
    machine: str, processor: str, features: str, name: str
) -> None:
    assert level((f"{machine}-unknown-linux-gnu", processor, features)) == name
