"""``make launch PROGRAM=…`` and the image's own script: a user's program on the cluster's nodes."""

import dataclasses
from pathlib import Path

import pytest
from launching import RANKS, SECONDS, hpcpy, said
from local_cluster import Cluster, image
from standalone_host import built

from tiers import sampled

SQUARES = """
from dask.distributed import Client

with Client() as client:
    workers = len(client.nthreads())
    print(workers, sum(client.gather(client.map(lambda x: x * x, range(10)))))
"""
# MPI makes progress only while a rank is in it: the first never is, once this program runs.
ALONE = """
import sys, time
from pathlib import Path
from mpi4py import MPI

begun = [Path(f"begun-{rank}") for rank in range(MPI.COMM_WORLD.size)]
begun[MPI.COMM_WORLD.rank].touch()
end = time.monotonic() + 300
while MPI.COMM_WORLD.rank == 0 and not all(path.exists() for path in begun):
    if time.monotonic() > end:
        sys.exit("the others have not begun")
    time.sleep(0.1)
"""
# A module that comes to its error on the first rank when it has on the others.
LATE = """
import os, runpy, sys, time

if os.environ["SLURM_PROCID"] == "0":
    time.sleep(1)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
SIZE = ("NODES=2", "TASKS=4")


@pytest.fixture(autouse=True)
def programs(cluster: Cluster) -> None:
    (cluster.shared / "my-mpi.py").write_text(RANKS)
    (cluster.shared / "alone.py").write_text(ALONE)
    (cluster.shared / "squares.py").write_text(SQUARES)
    (cluster.shared / "late.py").write_text(LATE)


@pytest.mark.parametrize("named", ["my-mpi.py", "-m my-mpi"])
def test_ranks_of_both_nodes_run_it(cluster: Cluster, sif: str, named: str) -> None:
    done = hpcpy(cluster, "launch", f"PROGRAM={named} 'two words' 0", *SIZE, f"IMAGE={sif}")
    assert (done.returncode, done.stdout) == (0, "4|2|two words|0\n"), done.stderr


@pytest.mark.parametrize("more", sampled([(), ("STAGE=1",)]))
def test_neither_a_strict_shell_nor_an_odd_folder_stops_it(
    cluster: Cluster, sif: str, more: tuple[str, ...]
) -> None:
    folder = cluster.shared / 'at 12:30, "x"'
    folder.mkdir(exist_ok=True)
    (folder / "my-mpi.py").write_text(RANKS)
    (folder / "strict").write_text("set -euf -o pipefail\n")
    strict = {"SHELLOPTS": "errexit:nounset:noglob", "BASH_ENV": str(folder / "strict")}
    there = dataclasses.replace(cluster, shared=folder)
    words = ("PROGRAM=my-mpi.py x 0", *SIZE, f"IMAGE={sif}", *more)
    done = hpcpy(there, "launch", *words, env=strict)
    assert (done.returncode, done.stdout) == (0, "4|2|x|0\n"), done.stderr


def test_every_rank_begins_while_the_first_computes(cluster: Cluster, sif: str) -> None:
    done = hpcpy(cluster, "launch", "PROGRAM=alone.py", *SIZE, f"IMAGE={sif}")
    assert (done.returncode, said(done)) == (0, []), done.stderr


def test_it_runs_once_beside_dasks_workers(cluster: Cluster, sif: str) -> None:
    words = ("PROGRAM=squares.py", "DASK=1", *SIZE, f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words)
    assert (done.returncode, done.stdout) == (0, "4 285\n"), done.stderr


# The check starts MPI before the program.
@pytest.mark.parametrize("check", ["on", "off"])
def test_an_error_of_all_ranks_is_said_though_the_first_comes_to_it_last(
    cluster: Cluster, sif: str, check: str
) -> None:
    words = ("PROGRAM=late.py workloads pi --impl spark", *SIZE, f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words, env={"HPCPY_PREFLIGHT": check})
    assert done.returncode == 69, done.stderr
    error = "workloads: pi: spark cannot run here: Spark is not in this image"
    lines = [line for line in done.stderr.splitlines() if line.startswith(error)]
    assert len(lines) == 1, done.stderr


def test_the_images_script_starts_the_ranks_on_both_nodes(cluster: Cluster) -> None:
    program, *inside = image()
    folder = cluster.shared
    # By its name, as a site has it on PATH.
    found = {"PATH": f"{Path(program).parent}:{cluster.environment()['PATH']}"}
    words = ("--nodes=2", "--tasks=4", "--time=5", "--", "my-mpi.py", "two words", "0")
    made = cluster.run(program, *inside, "hpcpy", "batch", *words, env=found)
    assert (made.returncode, made.stderr) == (0, "")
    assert inside[-1] in made.stdout
    (folder / "job.sh").write_text(made.stdout)
    out, err = folder / "job.out", folder / "job.err"
    options = ("--wait", f"--output={out}", f"--error={err}")
    ran = cluster.run("sbatch", *options, "job.sh", timeout=SECONDS, env=found)
    assert (ran.returncode, out.read_text(), err.read_text()) == (0, "4|2|two words|0\n", "")


def test_the_one_file_starts_itself_on_both_nodes(cluster: Cluster) -> None:
    words = ("-m", "hpcpy_cli", "launch", "--nodes=2", "--tasks=4", "--time=5", "--")
    done = cluster.run(built(), *words, "my-mpi.py", "two words", "0", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "4|2|two words|0\n"), done.stderr
    done = cluster.run(built(), *words, "my-mpi.py", "x", "7", timeout=SECONDS)
    assert done.returncode == 7, done.stderr
