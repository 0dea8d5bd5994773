"""The workloads over two nodes: reference answers, all ranks there, nothing said besides."""

from __future__ import annotations

import re

import pytest
from local_cluster import Cluster, image, only_root

from running import Done
from tiers import sampled
from workloads.mandel.grid import AREAS

REFERENCE = f"sha256 {AREAS['area1'].sha256}: matches the reference"
MANDEL = ("python3", "-m", "workloads", "mandel", "--area", "area1", "--impl", "mpi-dynamic")


def succeeded(done: Done) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def workers(said: str, technique: str) -> int:
    """Return how many ranks the report's only line of a technique names."""
    (row,) = re.findall(rf"^{technique} +[\d.,]+ \w+ +[\d.,]+ \w+ +(\d+) ", said, re.MULTILINE)
    return int(row)


@pytest.mark.parametrize(("first", "kind"), sampled([(3, "pmi2"), (7, "pmix")]))
def test_uneven_numbers_of_ranks_on_the_nodes(cluster: Cluster, first: int, kind: str) -> None:
    options = ("-N2", f"-n{first + 1}", f"--distribution=plane={first}")
    program = (
        "import os, collections\n"
        "from mpi4py import MPI\n"
        "names = MPI.COMM_WORLD.allgather(os.uname().nodename)\n"
        "if MPI.COMM_WORLD.rank == 0: print(dict(collections.Counter(names)))\n"
    )
    inside = ("python3", "-c", program)
    said = succeeded(cluster.srun(f"--mpi={kind}", *options, *image(), *inside))
    assert said == f"{{'n1': {first}, 'n2': 1}}\n"
    said = succeeded(cluster.srun(f"--mpi={kind}", *options, *image(), *MANDEL))
    assert said.count(REFERENCE) == 1
    assert workers(said, "mpi-dynamic") == first + 1


def test_without_a_launchers_help_no_rank_computes_alone(cluster: Cluster) -> None:
    done = cluster.srun("--mpi=none", "-N2", "-n2", *image(), *MANDEL)
    assert done.returncode == 69
    assert "sha256" not in done.stdout
    assert "the launcher started 2 processes but MPI sees one rank in each" in done.stderr
    assert "srun --mpi=pmi2" in done.stderr


@only_root
def test_a_user_without_a_name_or_a_home_in_the_c_locale(cluster: Cluster) -> None:
    *inside, sif = image()
    user = ("--security=uid:12345", "--security=gid:12345", "--no-home", "--pwd=/", sif)
    variables = ("env", "HOME=/nonexistent", "LC_ALL=C", "XDG_CACHE_HOME=/proc")
    done = cluster.srun("--mpi=pmi2", "-N2", "-n2", *inside, *user, *variables, *MANDEL)
    assert done.returncode == 0
    assert done.stdout.count(REFERENCE) == 1
    # Apptainer has its say of him; we have none.
    assert {*done.stderr.splitlines()} <= {"WARNING: user: unknown userid 12345"}
