"""What ranks do together: look at files, share communicators, devices, profiles and memory."""

import json
import pstats
import sys
from pathlib import Path

import pytest
from altered import altered

from running import in_own_process, launcher, on_ranks, printed, refusal
from tiers import sampled
from workloads.bench.result import mebibytes

# Of thousands of ranks each would ask the file system the same.
LOOKS = """
from hpcpy_common import files
def refuse(path, option):
    raise AssertionError(option)
if is_second:
    files.require_writable = refuse
"""


def test_only_the_first_rank_looks_whether_files_can_be_written(tmp_path: Path) -> None:
    outputs = [
        *("--json", tmp_path / "m.json"),
        *("--profile", "cprofile", tmp_path / "m.prof"),
        *("--out", tmp_path / "m.npy"),
    ]
    little = ["--window", -2, 0.5, -1.25, 1.25, "--size", 7, 13, "--maxiter", 50]
    printed(altered(2, LOOKS, "mandel", "--impl", "numpy,mpi-cyclic", *little, *outputs))
    assert {path.name for path in tmp_path.iterdir()} == {"m.json", "m.prof", "m.npy"}


def test_what_it_finds_ends_all_ranks_with_one_line(tmp_path: Path) -> None:
    absent, endless = tmp_path / "no" / "r.json", tmp_path / ("n" * 300)
    for file, says in ((absent, "there is no folder"), (endless, "File name too long")):
        done = altered(2, LOOKS, "pi", "-n", 1000, "--impl", "numpy", "--json", file)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert says in done.stderr


# MPICH has 2,048 communicators at a time; p2p makes one for each size.
JOBS = """
from hpcpy_common import ranks
ranks.idle_barrier = lambda *_: True
world = ranks.world()
for _ in range(2100):
    ranks.leave(world, ranks.first(world, 1), None)
"""


def test_communicators_of_some_ranks_are_freed() -> None:
    printed(on_ranks(2, "-c", JOBS))


# CuPy and a GPU on the first rank alone.
GPU = """
import dataclasses
from hpcpy_common.errors import UnavailableError
from workloads.p2p.registry import TECHNIQUES
from workloads.p2p import mpi
def obstacle():
    return "no device file" if is_second and {by_file} else ""
def device():
    if is_second:
        raise UnavailableError("no device answers")
    return None, ""
mpi.require_gpu_aware, mpi.cupy_device = lambda version: None, device
TECHNIQUES["mpi-cupy"] = dataclasses.replace(TECHNIQUES["mpi-cupy"], needs=(), obstacle=obstacle)
"""


@pytest.mark.parametrize("by_file", [False, True])
def test_a_gpu_that_one_rank_lacks_leaves_no_other_waiting(by_file: bool) -> None:
    words = ["p2p", "--sizes", 8, "--times", 1, "--impl"]
    code = GPU.format(by_file=by_file)
    line = refusal(altered(2, code, *words, "mpi-cupy"), 69)
    assert "rank 1 on " in line
    assert "no device answers" in line
    assert "mpi-cupy: left out: rank 1 on " in printed(altered(2, code, *words, "all"))


FAILS = """
from workloads.mandel import mpi
import functools
right = mpi.cyclic
@functools.wraps(right)
def cyclic(*words, **more):
    if os.environ["PMI_RANK"] in "{ranks}":
        raise MemoryError("mine")
    return right(*words, **more)
mpi.cyclic = cyclic
"""


# Where not all fail, the others wait in MPI for ever.
@pytest.mark.parametrize(
    ("ranks", "later"), sampled([("012", ["mpi-block"]), ("1", []), ("0", [])], keep=2)
)
def test_a_technique_that_fails_on_ranks_loses_no_row(
    ranks: str, later: list[str], tmp_path: Path
) -> None:
    impl = "numpy,mpi-cyclic,mpi-block"
    little = ["--area", "area1", "--size", 30, 20, "--impl", impl, "--json", tmp_path / "m.json"]
    done = altered(3, FAILS.format(ranks=ranks), "mandel", *little)
    assert done.returncode == 1
    report = json.loads((tmp_path / "m.json").read_text())
    assert [each["impl"] for each in report["results"]] == ["numpy", *later]
    (failure,) = report["failures"]
    assert (failure["impl"], failure["reason"][:17]) == ("mpi-cyclic", "MemoryError: mine")
    assert done.stdout.count("FAILED: MemoryError: mine") == 1
    assert "Traceback" not in done.stderr


def calls(profile: Path) -> int:
    functions = vars(pstats.Stats(str(profile)))["stats"]
    return sum(found[0] for place, found in functions.items() if place[2] == "seeded_hits")


# As on nodes of their own, in which ranks see no other's temporary folder.
APART = """
import tempfile
tempfile.tempdir = sys.argv.pop()
if is_second:
    tempfile.tempdir += "/second"
    os.mkdir(tempfile.tempdir)
"""


def test_a_profile_needs_no_folder_that_all_ranks_see(tmp_path: Path) -> None:
    file = tmp_path / "m.prof"
    words = ["pi", "-n", 1000, "--impl", "mpi", "--profile", "cprofile", file, tmp_path]
    printed(altered(2, APART, *words))
    assert calls(file) == 2
    assert {path.name for path in tmp_path.rglob("*")} == {"m.prof", "second"}


_MORE = 64 << 20
# Each rank has one block more than the one before it.
_HOLDS = f"""
from hpcpy_common import ranks
from workloads.mandel import rows
right = rows.compute_rows
def with_blocks(*words):
    block = bytearray(ranks.world().rank * {_MORE})
    return right(*words)
rows.compute_rows = with_blocks
"""


def test_the_largest_rank_is_seen_and_the_column_is_the_sum(tmp_path: Path) -> None:
    report = tmp_path / "m.json"
    words = ["mandel", "--area", "area1", "--size", 20, 20, "--impl", "mpi-cyclic"]
    shown = printed(altered(3, _HOLDS, *words, "--json", report))
    (result,) = json.loads(report.read_text())["results"]
    first, second, third = result["memory"]
    assert second > first + _MORE // 2
    assert third > second + _MORE // 2
    (row,) = [line for line in shown.splitlines() if line.startswith("mpi-cyclic ")]
    assert f" {mebibytes(first + second + third)} " in row


PROGRAM = """
from mpi4py import MPI
def mine(x):
    return x + 1
for i in range(30):
    mine(i)
MPI.COMM_WORLD.Barrier()
"""


def test_all_ranks_calls_are_in_one_file(tmp_path: Path) -> None:
    script, trace = tmp_path / "my.py", tmp_path / "all.json"
    script.write_text(PROGRAM)
    command = f"cd {tmp_path} && exec {sys.executable} -m viztracer -o r$PMI_RANK.json my.py"
    printed(in_own_process(*launcher(3), "sh", "-c", command))
    files = sorted(tmp_path.glob("r*.json"))
    printed(in_own_process(sys.executable, "-m", "viztracer", "--combine", *files, "-o", trace))
    events = json.loads(trace.read_text())["traceEvents"]
    calls = [event["pid"] for event in events if event["name"].startswith("mine ")]
    assert sorted(map(calls.count, {*calls})) == [30] * 3
