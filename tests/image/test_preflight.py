"""The look at a job before its program, with the image's own MPI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from running import on_ranks, printed, run

WRAPPED = ["-m", "hpcpy_job", "preflight"]
PROGRAM = "import sys\nfrom mpi4py import MPI\nprint(MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size)\n"
# What a launcher that runs these tests might have.
NO_LAUNCHER = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PMI", "SLURM_", "OMPI_", "HPCPY_PREFLIGHT", "MPI_"))
    and not name.endswith("_NUM_THREADS")
}


pytestmark = pytest.mark.usefixtures("no_number_of_threads")


def start(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, *words, env={**NO_LAUNCHER, **variables})


def test_ranks_that_see_each_other_hear_nothing(script: Path) -> None:
    assert sorted(printed(on_ranks(3, *WRAPPED, script)).splitlines()) == ["0 3", "1 3", "2 3"]


def apart(script: Path, **variables: str) -> list[subprocess.CompletedProcess[str]]:
    """Start three processes as ``srun --mpi=none -n 3`` does."""
    numbers = {"SLURM_STEP_NUM_TASKS": "3", **variables}
    return [start(*WRAPPED, script, SLURM_PROCID=str(i), **numbers) for i in range(3)]


def test_a_bound_core_that_all_share_is_one_warning(script: Path) -> None:
    code = "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code += "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    if os.cpu_count() == 1:
        pytest.skip("one core: there is nothing to bind to")
    done = on_ranks(3, "-c", code, *WRAPPED, script)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("preflight: warning: cpu.binding: all 3 ranks are bound to core ")


def test_a_broken_promise_ends_all_ranks_and_is_said_once(script: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text('[promises]\nmpi = "openmpi"\n')
    done = on_ranks(3, *WRAPPED, "--site", site, script)
    assert done.returncode == 78
    lines = [line for line in done.stderr.splitlines() if line.startswith("preflight:")]
    assert len(lines) == 1
    assert "openmpi is promised, and MPI's ABI is mpich" in lines[0]
    assert "0 3" not in done.stdout


ONE_OF_THREE = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "0"}


@pytest.mark.parametrize(("value", "lines"), [("warn", 1), ("off", 0)])
def test_it_may_go_on(script: Path, value: str, lines: int) -> None:
    done = start(*WRAPPED, script, HPCPY_PREFLIGHT=value, **ONE_OF_THREE)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (0, "0 1\n", lines)
    assert done.stderr.startswith("preflight: warning: mpi.ranks: every rank" if lines else "")


def test_a_library_that_does_not_load_is_said_once(script: Path) -> None:
    said = apart(script, HPCPY_MPI="/nonexistent/libmpi.so.12")
    assert [each.returncode for each in said] == [78] * 3
    assert [each.stderr.count("preflight: mpi.library: ") for each in said] == [1, 0, 0]


@pytest.mark.parametrize(
    ("words", "value", "says"),
    [
        ([], "on", "no program is named"),
        (["absent.py"], "on", "absent.py: there is no such script"),
        (["--nix", "x.py"], "on", "unknown option --nix"),
        (["mine.py"], "yes", "HPCPY_PREFLIGHT=yes is none of on, warn, off"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(words: list[str], value: str, says: str) -> None:
    done = start(*WRAPPED, *words, HPCPY_PREFLIGHT=value)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
