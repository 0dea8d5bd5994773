"""A launch that is stopped ends as `srun` or `salloc`, and leaves nothing."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from launching import SECONDS, Process, processes, typed, variables
from local_cluster import Cluster

from hpcpy.cluster.layout import NODES
from running import executable, start, wait_until
from small_standalone import make_standalone
from tiers import sampled

# Ranks that end at a signal with a code of their own; at a word of the test's the last one fails.
WAITS = """#!/bin/bash
trap 'exit 7' INT TERM HUP
touch "$0.$SLURM_PROCID"
until [ -e "$0.end" ]; do sleep 0.05; done
[ "$SLURM_PROCID" != 3 ] || exit 3
sleep 600 & wait
"""
# Another worker's jobs on this cluster have other names.
NAME = f"waits-{os.getpid()}"
OPTIONS = ("--kill-on-bad-exit=1", "--disable-status", "--wait=0", "--input=none")
SRUN = ("srun", "--nodes=2", "--ntasks=4", *OPTIONS)
# A script's shell, which has what it starts in the background ignore SIGINT.
BEHIND = ("bash", "-c", 'trap : INT; "$@" & wait $!; wait $!; exit $?', "bash")
STOPPED = "stopped by SIGTERM, SIGHUP, or a second Ctrl-C"
CANCELLED = "the job was cancelled"
# What happens, how srun and salloc 22.05 end, and what a launch says of each.  Ranks end by
# themselves, or are killed before.
OWN = (7, 128 + signal.SIGKILL)
NOTHING = ("", "")
ACTS = {
    "ctrl_c": (OWN, OWN, ("stopped by Ctrl-C", CANCELLED)),
    "terminate": (OWN, OWN, (STOPPED, CANCELLED)),
    "kill": ((-signal.SIGKILL,), (-signal.SIGKILL,), NOTHING),
    "fail": ((3, *OWN), (3, *OWN), ("rank 3 on n2: Exited with exit code 3",) * 2),
    # srun ends: it handles signals that it was started to ignore.  A launch goes on.
    "hang_up nohup": (OWN, (), NOTHING),
    "ctrl_c behind": (OWN, (), NOTHING),
    "ctrl_c_twice": (OWN, OWN, ("stopped by Ctrl-C", CANCELLED)),
    "send_hup": (OWN, (1, *OWN), (STOPPED, STOPPED)),
    "hang_up": (OWN, (1, *OWN), (STOPPED, STOPPED)),
    "kill_srun": ((-signal.SIGKILL, OWN[1]), (OWN[1],), NOTHING),
}
# Plain srun; a launch in a job, with one by srun, with one by salloc, with a copy of the image.
STATES = ("launch", "srun", "within", "salloc", "staged")


class Launched:
    """What was started in a terminal of its own, and stops it."""

    def __init__(self, cluster: Cluster, *words: str, job: str) -> None:
        self._cluster = cluster
        self._terminal, side = os.openpty()
        within = {"SLURM_JOB_ID": job, "SLURM_JOB_NUM_NODES": "2"}
        within["SLURM_SUBMIT_DIR"] = str(cluster.shared)
        env = variables(cluster, within if job else None)
        self.process = start("setsid", "--ctty", *words, env=env, cwd=cluster.shared, stdin=side)
        os.close(side)

    def ctrl_c(self) -> None:
        os.write(self._terminal, b"\x03")

    def ctrl_c_twice(self) -> None:
        os.write(self._terminal, b"\x03\x03")

    def hang_up(self) -> None:
        os.close(self._terminal)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def send_hup(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        self.process.kill()

    def kill_srun(self) -> None:
        # In a job of salloc's; srun has a child, which is younger.
        own = (one for one in processes(self._cluster) if one.name == "srun")
        steps = [one.number for one in own if OPTIONS[0] in one.words]
        os.kill(min(steps, default=self.process.pid), signal.SIGKILL)

    def fail(self) -> None:
        (self._cluster.shared / f"{NAME}.end").touch()


def of_ranks(cluster: Cluster) -> list[Process]:
    return [one for one in processes(cluster) if NAME in " ".join(one.words)]


def words(cluster: Cluster, state: str) -> list[str]:
    """Return a state's command, after its program has been written."""
    for old in cluster.shared.glob(f"{NAME}.*"):
        old.unlink()
    program = executable(cluster.shared / NAME, WAITS)
    named = (f"PROGRAM={NAME}", "NODES=2", "TASKS=4")
    if state == "srun":
        return [*SRUN, f"--job-name={NAME}", str(program)]
    if state == "staged":
        # A shell that passes for the one file, and reads this as a script.
        (cluster.shared / "hpcpy_job").write_text(f"exec {program}\n")
        image = make_standalone(cluster.shared / "shell")
        return typed("launch", *named, "ENGINE=standalone", f"IMAGE={image}", "MPI=pmi2")
    site = cluster.shared / f"{NAME}.toml"
    disk = "/tmp/$SLURM_JOB_ID" if state == "salloc" else "/tmp"  # noqa: S108
    site.write_text(f'summary = "s"\nmpi = "pmi2"\nnode_local = "{disk}"\n')
    return typed("launch", *named, "ENGINE=none", f"IMAGE={program}", f"SITE={site}")


@pytest.fixture
def job(cluster: Cluster, state: str) -> Iterator[str]:
    """Give the number of a job for a launch within one, else nothing; all jobs end with it."""
    number = ""
    if state == "within":
        asked = ("--no-shell", "--nodes=2", "--ntasks=4", f"--job-name={NAME}")
        granted = cluster.run("salloc", *asked)
        number = granted.stderr.split()[-1]
    yield number
    for name in (NAME, f"hpcpy-{NAME}"):
        cluster.run("scancel", f"--name={name}")


def left(cluster: Cluster, job: str) -> list[object]:
    """Return the ranks and copies of a job that are there."""
    roots = [f"/proc/{cluster.daemon('slurmd', name)}/root/tmp" for name in NODES]
    copies = [path for root in roots for path in Path(root).glob(f"hpcpy-{job}-*")]
    return [*copies, *(one for one in of_ranks(cluster) if "SLURM_PROCID" in one.variables)]


@pytest.mark.parametrize("act", sampled(ACTS, keep=5))
@pytest.mark.parametrize("state", sampled(STATES))
def test_it_ends_as_slurms_own_command(cluster: Cluster, state: str, job: str, act: str) -> None:
    how, _, around = act.partition(" ")
    before = {"nohup": ("nohup",), "behind": BEHIND}.get(around, ())
    launched = Launched(cluster, *before, *words(cluster, state), job=job)
    cluster.wait_for_files(*(f"{NAME}.{rank}" for rank in range(4)))
    number = next(one.variables["SLURM_JOB_ID"] for one in of_ranks(cluster))
    getattr(launched, how)()
    if around and state != "srun":
        time.sleep(1)  # until it has reached ranks, if it does
        assert len(of_ranks(cluster)) >= 4
        act, how = "fail", "fail"
        launched.fail()
    by_salloc = state in ("salloc", "staged")
    _, err = launched.process.communicate(timeout=SECONDS)
    wait_until(lambda: not left(cluster, number), shows=lambda: left(cluster, number))
    codes, line = ACTS[act][by_salloc], ACTS[act][2][by_salloc]
    assert launched.process.returncode in codes, err
    if state != "srun":
        is_said = err.splitlines()[-1].startswith(f"hpcpy launch: {line}")
        assert is_said == bool(line), err
