"""What a start on a fresh mount touches of the image: counts, not times.

`touched` says what counts, and why other work on the machine does not.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from injection_ways import forbidden
from own_venv import SIF, needs_image
from touched import Touched, touched

from measure.cases import CASES
from measure.targets import PYTHON, WORK


@dataclass(frozen=True)
class Bound:
    """The most that a start may touch."""

    blocks: int
    megabytes: float
    requests: int


# A tenth above the blocks and bytes that were counted, 84, 150 and 305, 5.4, 7.6 and
# 14.5 MB: on a busy machine, a page fault that had to wait reads ahead once more.  Three
# tenths above the requests, 84, 115 and 213: the kernel joins them as it has
# time, and 15 % more were seen.  Over one of them: benchmarks/start_functions.py.
BOUNDS = {"pass": Bound(92, 5.9, 109), "numpy": Bound(165, 8.4, 150), "core": Bound(336, 15.9, 277)}


def too_much(counted: Touched, bound: Bound) -> list[str]:
    counts = {
        "blocks of 128 KiB unpacked": (counted.blocks, bound.blocks),
        "MB of the image's file read": (counted.read / 1e6, bound.megabytes),
        "requests for it": (counted.requests, bound.requests),
    }
    return [f"{n:,.1f} {what}, at most {most}" for what, (n, most) in counts.items() if n > most]


@needs_image
@pytest.mark.parametrize("name", BOUNDS)
def test_a_start_touches_little_of_the_image(name: str) -> None:
    if why := forbidden("squashfs loop mounts"):
        pytest.skip(f"{why}; run: sudo make test")
    if not Path("/dev/fuse").exists():
        pytest.skip("no /dev/fuse; run: modprobe fuse")
    (case,) = (one for one in CASES if one.name == name)
    counted = touched(SIF, [PYTHON, *case.arguments(WORK)])
    problems = too_much(counted, BOUNDS[name])
    assert not problems, "\n".join(
        [
            f"{name}: {'; '.join(problems)}.",
            "Blocks by file; more than before is what this start newly opens, or what of the",
            "executable lies less closely together (the feature `order`, `sif.py`'s options):",
            *(f"{blocks:>6,}  {file}" for file, blocks in counted.most(20).items()),
        ]
    )
