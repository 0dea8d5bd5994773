"""``make launch`` and its kind: a rank that fails ends the job, and the last line says why."""

from pathlib import Path

import pytest
from launching import hpcpy, ranks, typed
from local_cluster import Cluster, image

# The others wait for rank 2, which fails.
FAILS = """
import os, sys, threading
how = sys.argv[1]
if how == "before" and os.environ["SLURM_PROCID"] == "2":
    raise ValueError("mine")
from mpi4py import MPI
comm = MPI.COMM_WORLD

def fail():
    raise ValueError("mine")

if comm.rank == 2:
    if how == "thread":
        threading.Thread(target=fail).start()
        comm.recv(source=1)
    elif how == "exit":
        sys.exit(7)
    fail()
comm.Barrier()
"""
SIZE = ("NODES=2", "TASKS=4")


@pytest.fixture(autouse=True)
def program(cluster: Cluster) -> None:
    (cluster.shared / "fails.py").write_text(FAILS)


@pytest.mark.parametrize("check", ["on", "off"])
@pytest.mark.parametrize("how", ["before", "after", "exit"])
def test_a_rank_that_fails_ends_the_job(cluster: Cluster, sif: str, how: str, check: str) -> None:
    words = (f"PROGRAM=fails.py {how}", *SIZE, f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words, env={"HPCPY_PREFLIGHT": check})
    assert done.returncode == (7 if how == "exit" else 1), done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("hpcpy launch: rank 2"), done.stderr
    assert how == "exit" or "ValueError: mine" in last, done.stderr
    assert not ranks(cluster, "fails.py")


def test_so_does_a_thread_of_a_module(cluster: Cluster, sif: str) -> None:
    done = hpcpy(cluster, "launch", "PROGRAM=-m fails thread", *SIZE, f"IMAGE={sif}")
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("hpcpy launch: rank 2 on n2: "), done.stderr
    assert not ranks(cluster, "fails")


def test_so_does_one_in_a_script_for_sbatch(cluster: Cluster, sif: str) -> None:
    words = ("PROGRAM=fails.py after", *SIZE, "TIME=5")
    of_batch = typed("batch", *words)[3:]
    made = hpcpy(cluster, "batch", *words, f"IMAGE={sif}", "SCRIPT=job.sh")
    assert made.returncode == 0, made.stderr
    # By its name, as a site has it on PATH.
    engine, *inside = image()
    found = {"PATH": f"{Path(engine).parent}:{cluster.environment()['PATH']}"}
    of_image = cluster.run(engine, *inside, "hpcpy", *of_batch)
    (cluster.shared / "of_image.sh").write_text(of_image.stdout)
    for script in ("job.sh", "of_image.sh"):
        error = cluster.shared / f"{script}.err"
        ran = cluster.run("sbatch", "--wait", f"--error={error}", script, env=found)
        assert ran.returncode != 0
        assert error.read_text().count("ValueError: mine\n") == 1, error.read_text()
