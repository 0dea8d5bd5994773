"""The local cluster is two machines that run what users submit, after a look at the job."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster, hpcpy, image, own, started, stderr_of

from hpcpy.cluster import processes
from hpcpy.cluster.layout import NODES, Layout
from hpcpy.core import paths
from running import Done, executable
from tiers import sampled

OWN = ("/tmp", "/dev/shm")  # noqa: S108
# Bytes that one of two ranks sends the other, at least, in an allreduce of
# 8 MB with each of two algorithms.
ALLREDUCE = """
import numpy as np
from mpi4py import MPI
comm = MPI.COMM_WORLD
ones, total = np.ones(1 << 20), np.empty(1 << 20)
comm.Allreduce(ones, total)
print(comm.rank, comm.size, total.min(), total.max(), MPI.Get_processor_name())
"""


@pytest.fixture(scope="module")
def layout() -> Iterator[Layout]:
    with own("cluster-test") as one:
        yield one


def test_a_cluster_that_runs_is_left_as_it_is(layout: Layout) -> None:
    hpcpy(layout)
    before = sorted(processes.marked(layout))
    assert "it runs" in stderr_of(layout)
    assert sorted(processes.marked(layout)) == before
    assert hpcpy(layout, "--status") == "n1 idle, n2 idle\n"


def test_its_key_is_roots_alone(layout: Layout) -> None:
    hpcpy(layout)
    private = layout.run / "munge"
    assert private.stat().st_mode & 0o777 == 0o700
    assert (private / "key").stat().st_mode & 0o777 == 0o600


def test_nodes_are_machines_of_their_own(layout: Layout) -> None:
    one = started(layout)
    script = executable(
        one.shared / "look",
        "#!/bin/sh\n"
        "cd /proc/self/ns && for kind in mnt net ipc pid uts; do readlink $kind; done\n"
        "for folder in /tmp /dev/shm; do echo at $folder $(ls -A $folder); done\n"
        "touch /tmp/of-$(hostname) /dev/shm/of-$(hostname)\n"
        "echo devices $(ls /sys/class/net)\n"
        "getent hosts n1 n2 | tr -s ' '\n",
    )
    said = [one.srun(f"--nodelist={name}", script) for name in NODES]
    assert [(done.returncode, done.stderr) for done in said] == [(0, ""), (0, "")]
    spaces = [set(re.findall(r"^\w+:\[\d+\]$", done.stdout, re.MULTILINE)) for done in said]
    assert [len(found) for found in spaces] == [5, 5]
    host = {str(path.readlink()) for path in Path("/proc/self/ns").iterdir()}
    assert not spaces[0] & spaces[1]
    assert not (spaces[0] | spaces[1]) & host
    # Of the machine's /tmp what all nodes share, where that lies there.
    shared = [path for path in (paths.ROOT, paths.cache_dir()) if path.is_relative_to(OWN[0])]
    there = " ".join(sorted({"apptainer", *(path.parts[2] for path in shared)}))
    for done in said:
        assert f"at /tmp {there}\nat /dev/shm\ndevices eth0 lo\n" in done.stdout
        (one_address, other) = done.stdout.splitlines()[-2:]
        assert (one_address[-2:], other[-2:]) == ("n1", "n2")
    shown = [path for folder in OWN for path in Path(folder).glob("of-n[12]")]
    assert shown == []


def sent(layout: Layout, name: str) -> int:
    # What the bridge's end receives is what the node sent.
    path = f"/sys/class/net/{layout.cable(name)}/statistics/rx_bytes"
    return int(Path(path).read_text())


@pytest.mark.parametrize("kind", sampled(["pmi2", "pmix"]))
def test_ranks_of_two_nodes_talk_over_the_network(layout: Layout, kind: str) -> None:
    inside = image()
    one = started(layout)
    before = [sent(layout, name) for name in NODES]
    done = one.srun(f"--mpi={kind}", "-N2", "-n2", *inside, "python3", "-c", ALLREDUCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["0 2 2.0 2.0 n1", "1 2 2.0 2.0 n2"]
    for name, bytes_before in zip(NODES, before, strict=True):
        assert sent(layout, name) - bytes_before > 8 << 20


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
    "ends", sampled([pytest.param([]), pytest.param(["--kill-on-bad-exit=1"])])
)
def test_ranks_that_do_not_end_with_one_line_of_all(
    cluster: Cluster, program: list[str | Path], ends: list[str]
) -> None:
    one_line(cluster.srun("--mpi=none", "-N2", "-n4", *ends, *program), ends)


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
