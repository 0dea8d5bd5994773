"""A start asks the file system for next to nothing, and touches little: counts, not times."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from injection_ways import forbidden
from own_venv import SIF, needs_image
from touched import Touched, touched

from hpcpy.engine.traced import Traced, traced
from measure.cases import CASES, Case, Goal, write_scripts
from measure.targets import PYTHON, WORK, Target, container
from tiers import sampled
from workloads.startup import calls

# Each package of the case `everything` alone.
# Most of what is left opens a module or a library: one call each, 53 of them CuPy's.
# Dask looks at the machine, too, which may take some calls more elsewhere.
ALONE = tuple(
    Case(f"import {name}", f"import {name}", goal=Goal(*goal))
    for name, goal in {
        "line_profiler": (13, 6, 0),
        "cupy": (91, 72, 0),
        "pyopencl": (41, 27, 0),
        "dask": (46, 18, 2),
        "distributed": (58, 21, 2),
        "ipyparallel": (65, 43, 4),
        "matplotlib.pyplot": (70, 53, 0),
        "tqdm": (9, 2, 0),
        "threadpoolctl": (11, 2, 0),
    }.items()
)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, sif: str, strace: Path) -> Target:
    assert strace.exists()
    work = tmp_path_factory.mktemp("scripts")
    write_scripts(work)
    return container("hpcpy", Path(sif), work)


def listed(title: str, allowed: int, texts: Sequence[str]) -> list[str]:
    if len(texts) <= allowed:
        return []
    return [f"{title}: {len(texts)}, at most {allowed}:", *(f"  {text}" for text in texts)]


def too_many(case: Case, counts: Traced) -> str:
    assert case.goal is not None
    texts = {call: f"{call.name} {call.path} = {call.value}" for call in counts.paths}
    asked = calls.off_node(counts.paths)
    off_node = [texts[call] for call in asked]
    local = [f"[node-local] {texts[call]}" for call in counts.paths if call not in asked]
    listings = [str(call.path) for call in counts.each if call.kind == "getdents"]
    lines = [
        *listed("path calls", case.goal.path_calls, [*off_node, *local]),
        *listed("off-node", case.goal.off_node, off_node),
        *listed("getdents", case.goal.getdents, listings),
    ]
    return "\n".join(lines)


GOALS = [pytest.param(case, id=case.name) for case in CASES if case.goal]


@pytest.mark.parametrize("case", sampled(GOALS, keep=4))
def test_a_start_makes_no_more_calls_than_its_goal(python: Target, case: Case) -> None:
    # The first run makes the user's cache folders.
    for _ in range(2):
        counts = traced(python.command(case.arguments(WORK)), python.program)
    problems = too_many(case, counts)
    assert not problems, f"{case.name}\n{problems}"


@pytest.mark.long
@pytest.mark.parametrize("case", ALONE, ids=lambda case: case.name)
def test_a_package_alone_makes_no_more_calls_than_its_goal(python: Target, case: Case) -> None:
    test_a_start_makes_no_more_calls_than_its_goal(python, case)


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
