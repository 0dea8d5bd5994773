"""What a start on a fresh mount touches of the image: counts, not times.

`hpcpy.measure.cold.touched` says what counts, and why other work on the machine does not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.engine.apptainer import find
from hpcpy.errors import UnavailableError
from hpcpy.measure.cold.rounds import PROGRAMS
from hpcpy.measure.cold.touched import Touched, touched


@dataclass(frozen=True)
class Bound:
    """The most that a start may touch."""

    blocks: int
    megabytes: float
    requests: int


# A twentieth above what was counted: 108, 174 and 401 blocks, 17.2, 26.9 and 58.1 MB.
BOUNDS = {
    "pass": Bound(114, 18.1, 179),
    "numpy": Bound(183, 28.3, 266),
    "core": Bound(421, 61.0, 559),
}


@pytest.fixture(scope="module")
def sif() -> Path:
    found = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
    if not found.exists():
        pytest.skip(f"{found}: not there; run: make sif")
    try:
        find()
    except UnavailableError as error:
        pytest.skip(str(error))
    if os.geteuid() != 0:
        pytest.skip("only root can have the kernel mount an image; run: sudo make test")
    return found


def too_much(counted: Touched, bound: Bound) -> list[str]:
    counts = {
        "blocks of 128 KiB unpacked": (counted.blocks, bound.blocks),
        "MB of the image's file read": (counted.read / 1e6, bound.megabytes),
        "requests for it": (counted.requests, bound.requests),
    }
    return [f"{n:,.1f} {what}, at most {most}" for what, (n, most) in counts.items() if n > most]


@pytest.mark.parametrize("case", BOUNDS)
def test_a_start_touches_little_of_the_image(sif: Path, case: str) -> None:
    counted = touched(sif, PROGRAMS[case])
    problems = too_much(counted, BOUNDS[case])
    assert not problems, "\n".join(
        [
            f"{case}: {'; '.join(problems)}.",
            "Blocks by file; more than before is what this start newly opens, or what of the",
            "executable lies less closely together (the feature `order`, `sif.py`'s options):",
            *counted.most(),
        ]
    )
