"""A launch finds the cluster that ``make cluster`` has started, and asks it in time."""

import os
import re
import shlex
from pathlib import Path

import pytest
from launching import SECONDS, typed
from local_cluster import Cluster, own, started

from hpcpy.core import paths
from running import Done, executable, run, start
from tiers import sampled

# What names a Slurm, a job, or one who holds the checkout's lock.
_NAMES = re.compile(r"SLURM_|SALLOC_|SBATCH_|HPCPY_CHECKOUT_LOCK$")


def plain(cluster: Cluster, **more: str) -> dict[str, str]:
    """Return the variables of a shell that knows nothing of the cluster."""
    kept = {name: value for name, value in os.environ.items() if not _NAMES.match(name)}
    folders = kept.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(one for one in folders if one != str(cluster.layout.bin))
    return {**kept, "PATH": path, "PYTHONPATH": str(paths.ROOT / "src"), **more}


def alone(cluster: Cluster, *command: str | Path, **more: str) -> Done:
    return run(*command, env=plain(cluster, **more), cwd=cluster.shared)


def launch(cluster: Cluster, *words: str, **more: str) -> Done:
    return alone(cluster, *typed("launch", *words), **more)


def program(cluster: Cluster, name: str, text: str) -> Path:
    return executable(cluster.shared / name, f"#!/bin/sh\n{text}\n")


def test_site_local_is_the_cluster_that_runs(cluster: Cluster) -> None:
    tell = program(cluster, "where", "hostname")
    words = ("W=mandel", "NODES=2", "TASKS=4", "ENGINE=none", f"IMAGE={tell}")
    done = launch(cluster, *words)
    assert (done.returncode, sorted(done.stdout.split())) == (0, ["n1", "n1", "n2", "n2"])
    assert done.stderr.splitlines()[0].endswith(
        "; site local, engine none, this checkout's cluster"
    )
    # What DRY=1 prints does the same, from the same shell.
    script = launch(cluster, *words, "DRY=1").stdout
    ran = alone(cluster, "bash", "-c", script)
    assert (ran.returncode, sorted(ran.stdout.split())) == (0, ["n1", "n1", "n2", "n2"])


def test_a_slurm_that_the_environment_names_is_taken(cluster: Cluster) -> None:
    tell = program(cluster, "which", "getent hosts n1")
    with own("cluster-named") as layout:
        other, conf = started(layout), str(layout.conf)
        done = launch(cluster, "W=pi", "ENGINE=none", f"IMAGE={tell}", SLURM_CONF=conf)
        assert (done.returncode, done.stdout) == (0, other.srun(str(tell)).stdout)
    assert done.stdout != cluster.srun(str(tell)).stdout
    assert done.stderr.splitlines()[0].endswith(f", the Slurm of SLURM_CONF={conf}")


@pytest.mark.parametrize(
    ("asked", "why"),
    sampled(
        [
            ("PARTITION=nowhere", "Invalid partition name specified"),
            *((size, "") for size in ("NODES=3", "TASKS=400", "CPUS=1000")),
        ],
        keep=2,
    ),
)
def test_what_slurm_can_never_give_is_refused(cluster: Cluster, asked: str, why: str) -> None:
    done = launch(cluster, "W=pi", "ENGINE=none", "IMAGE=/bin/echo", asked)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"hpcpy launch: Slurm gives no job: {why}")


# It needs both nodes to itself, for which it waits behind the other tests' jobs.
@pytest.mark.long
def test_what_the_nodes_give_later_is_waited_for(cluster: Cluster) -> None:
    words = ("W=pi", "ENGINE=none", "IMAGE=/bin/echo", "NODES=2")
    hold = ("--nodes=2", "--exclusive", "sh", "-c", "touch held.$SLURM_NODEID; sleep 600")
    with cluster.started(*hold) as process:
        cluster.wait_for_files("held.0", "held.1")
        waiting = start(*typed("launch", *words), env=plain(cluster))
        assert waiting.stderr is not None
        assert any("queued and waiting" in line for line in waiting.stderr)
        cluster.run("scancel", f"--name={cluster.name(process)}")
        waiting.communicate(timeout=SECONDS)
    assert waiting.returncode == 0


# srun has nothing against ranks that end well at the SIGTERM; the line tells of it.
@pytest.mark.parametrize("code", [146, 0])
def test_a_cancelled_job_is_told_as_such(cluster: Cluster, code: int) -> None:
    text = (
        f"trap 'exit {code}' TERM; echo $SLURM_JOB_ID >number-{code}.$SLURM_PROCID;"
        f" touch runs-{code}.$SLURM_PROCID; sleep 600 & wait"
    )
    words = ("W=pi", "ENGINE=none", f"IMAGE={program(cluster, 'waits', text)}", "TASKS=2")
    with start(*typed("launch", *words), env=plain(cluster), cwd=cluster.shared) as running:
        cluster.wait_for_files(f"runs-{code}.0", f"runs-{code}.1")
        # By its number: other tests' jobs have the name, too.
        cluster.run("scancel", (cluster.shared / f"number-{code}.0").read_text().strip())
        _, said = running.communicate(timeout=SECONDS)
    assert running.returncode == code
    assert re.match("hpcpy launch: .* the job .* cancelled$", said.splitlines()[-1]), said


@pytest.mark.long
def test_so_is_a_job_whose_time_is_over(cluster: Cluster) -> None:
    tells = program(cluster, "ends-well", "trap 'exit 0' TERM; sleep 600 & wait")
    done = launch(cluster, "W=pi", "ENGINE=none", f"IMAGE={tells}", "TASKS=2", "TIME=1")
    assert done.stderr.splitlines()[-1].startswith("hpcpy launch: the job's time is over; ")


def test_an_unknown_kind_of_mpi_is_a_wrong_request(cluster: Cluster) -> None:
    done = launch(cluster, "W=pi", "ENGINE=none", "IMAGE=/bin/echo", "MPI=foo")
    assert done.returncode == 1
    assert "srun --mpi=list" in done.stderr.splitlines()[-1]


def test_the_line_that_submits_a_script_does(cluster: Cluster) -> None:
    tell = program(cluster, "write", 'hostname > "it ran.part" && mv "it ran.part" "it ran"')
    script = cluster.shared / "it's a $script.sbatch"
    words = ("W=pi", "ENGINE=none", f"IMAGE={tell}", f"SCRIPT={script}")
    done = alone(cluster, *typed("batch", *words))
    assert (done.returncode, done.stdout) == (0, f"{script}\n")
    (line,) = done.stderr.splitlines()
    sbatch = line.removeprefix("  to submit it: ")
    assert shlex.split(sbatch) == [str(cluster.layout.bin / "sbatch"), str(script)]
    assert alone(cluster, "bash", "-c", sbatch).returncode == 0
    cluster.wait_for_files("it ran")
