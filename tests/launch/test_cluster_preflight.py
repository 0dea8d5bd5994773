"""The look at a job, below a real srun on two nodes."""

from pathlib import Path

import pytest
from local_cluster import Cluster, image

from running import Done, printed
from tiers import sampled

PROGRAM = """
import sys
from mpi4py import MPI
comm = MPI.COMM_WORLD
nodes = comm.gather(MPI.Get_processor_name())
if comm.rank == 0:
    print(comm.size, *sorted(nodes), *sys.argv[1:])
"""
APART = "preflight: mpi.ranks: every rank is rank 0 of 1: srun started 4 processes"


@pytest.fixture
def program(cluster: Cluster) -> list[str | Path]:
    script = cluster.shared / "looked_at.py"
    script.write_text(PROGRAM)
    return [*image(), "python3", "-m", "hpcpy_job", "preflight", script, "word"]


@pytest.mark.parametrize(
    ("kind", "spread", "nodes"),
    sampled([
        ("pmi2", "--distribution=plane=3", "n1 n1 n1 n2"),
        ("pmix", "--ntasks-per-node=2", "n1 n1 n2 n2"),
    ]),
)  # fmt: skip
def test_ranks_that_see_each_other_hear_nothing(
    cluster: Cluster, program: list[str | Path], kind: str, spread: str, nodes: str
) -> None:
    done = cluster.srun(f"--mpi={kind}", "-N2", "-n4", spread, *program)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"4 {nodes} word\n", "")


# On a busy machine all come up late, and the one that speaks last of all.
LATE = """
import os, runpy, sys, time
time.sleep(5 if os.environ["SLURM_PROCID"] == "0" else 1)
sys.argv[1:1] = ["preflight"]
runpy.run_module("hpcpy_job", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "ends", sampled([pytest.param([]), pytest.param(["--kill-on-bad-exit=1"])])
)
def test_ranks_that_do_not_end_with_one_line_of_all(
    cluster: Cluster, program: list[str | Path], ends: list[str]
) -> None:
    one_line(cluster.srun("--mpi=none", "-N2", "-n4", *ends, *program), ends)


@pytest.mark.long
def test_one_that_comes_up_late_is_heard(cluster: Cluster, program: list[str | Path]) -> None:
    ends = ["--kill-on-bad-exit=1"]
    where = program.index("-m")
    late = [*program[:where], "-c", LATE, *program[where + 2 :]]
    one_line(cluster.srun("--mpi=none", "-N2", "-n4", *ends, *late), ends)


def one_line(done: Done, ends: list[str]) -> None:
    # 143: srun has ended others before they came to their own end.
    assert done.returncode in ({78, 143} if ends else {78})
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("preflight:")]
    assert len(lines) == 1
    assert lines[0].startswith(APART)
    assert "srun --mpi=pmi2" in lines[0]


def test_a_warning_is_one_line_with_its_nodes(cluster: Cluster, program: list[str | Path]) -> None:
    variables = {"APPTAINERENV_SLURM_CPUS_PER_TASK": "999"}
    done = cluster.srun("--mpi=pmi2", "-N2", "-n4", *program, env=variables)
    assert (done.returncode, done.stdout.split()[0]) == (0, "4")
    (line,) = done.stderr.splitlines()
    assert line.startswith("preflight: warning: cpu.task: SLURM_CPUS_PER_TASK is 999")
    assert line.endswith("[n1, n2]")


def test_the_doctor_reports_once_for_both_nodes(cluster: Cluster) -> None:
    words = [*image(), "python3", "-m", "hpcpy_job", "doctor"]
    shown = printed(cluster.srun("--mpi=pmi2", "-N2", "-n4", *words))
    assert shown.splitlines()[0] == "doctor: n1, n2"
    assert "MPI sees 4; " in shown
    assert shown.count("fabric.used") == 1
