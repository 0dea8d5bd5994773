"""Which level of the image's machine code a processor gets."""

import sys
from pathlib import Path

import pytest

INTERP = Path(__file__).parents[3] / "src/interp"
sys.path[:0] = [str(INTERP / name) for name in ("importer", "packages", "features/numba")]

from _hpcpy_numba_levels import LEVELS, level  # noqa: E402

TRIPLE = "x86_64-unknown-linux-gnu"


def features(names: frozenset[str], *absent: str) -> str:
    """Return features as LLVM lists them."""
    return ",".join([*(f"+{name}" for name in sorted(names)), *(f"-{name}" for name in absent)])


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_is_known_by_its_features(name: str) -> None:
    assert level((TRIPLE, "znver5", features(LEVELS[name] | {"clzero"}, "amx-tile"))) == name


@pytest.mark.parametrize("name", LEVELS)
def test_a_level_that_lacks_one_feature_is_the_next(name: str) -> None:
    below = list(LEVELS)[list(LEVELS).index(name) + 1 :]
    own = LEVELS[name] - (LEVELS[below[0]] if below else frozenset())
    for one in own:
        found = level((TRIPLE, "haswell", features(LEVELS[name] - {one}, one)))
        assert found == (below[0] if below else "")


def test_features_that_the_user_names_count() -> None:
    # NUMBA_CPU_NAME=x86-64-v4 NUMBA_CPU_FEATURES=-avx512f
    assert level((TRIPLE, "x86-64-v4", "-avx512f")) == ""
    assert level((TRIPLE, "nehalem", "")) == ""


@pytest.mark.parametrize(
    ("processor", "features", "name"),
    [
        ("neoverse-v2", "+neon,+sve,+sve2", "neoverse-v2"),  # Grace
        ("neoverse-v2", "+neon,-sve2", "generic"),
        ("a64fx", "+neon,+sve", "generic"),
        ("neoverse-v2", "", "neoverse-v2"),
        ("generic", "-neon", ""),
    ],
)
def test_grace_has_a_level_on_aarch64(processor: str, features: str, name: str) -> None:
    assert level(("aarch64-unknown-linux-gnu", processor, features)) == name


def test_other_machines_have_no_level() -> None:
    assert level(("ppc64le-unknown-linux-gnu", "pwr9", "+vsx")) == ""
