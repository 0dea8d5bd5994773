"""Which level of the image's machine code a processor gets."""

import sys
from pathlib import Path

import pytest

INTERP = Path(__file__).parents[3] / "src/interp"
sys.path[:0] = [str(INTERP / name) for name in ("importer", "packages", "features/numba")]

from _hpcpy_numba_levels import LEVELS, level  # noqa: E402

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
        ("x86_64", "nehalem", "", ""),
        ("aarch64", "neoverse-v2", "+neon,+sve,+sve2", "neoverse-v2"),  # Grace
        ("aarch64", "neoverse-v2", "+neon,-sve2", "generic"),
        ("aarch64", "a64fx", "+neon,+sve", "generic"),
        ("aarch64", "neoverse-v2", "", "neoverse-v2"),
        ("aarch64", "generic", "-neon", ""),
        ("ppc64le", "pwr9", "+vsx", ""),
    ],
)
def test_a_processor_has_a_level_or_none(
    machine: str, processor: str, features: str, name: str
) -> None:
    assert level((f"{machine}-unknown-linux-gnu", processor, features)) == name
