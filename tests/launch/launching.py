"""Launches from a test: started, looked at from outside, waited for."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cluster import Cluster

import proc_files
import running
from hpcpy.commands import with_settings
from hpcpy.core import paths
from running import Done, run, wait_until

# What the image's own test compares with, too.
AREA2 = "641cee98245c7d24850cf7364ad18c4c9a0d73d8a1b48d4505d93cbe2655b192"
# Ranks of some nodes, and the exit code that the last of four ends with.
RANKS = """
import sys
from mpi4py import MPI

comm = MPI.COMM_WORLD
nodes = comm.gather(MPI.Get_processor_name())
if comm.rank == 0:
    print(comm.size, len(set(nodes)), *sys.argv[1:], sep="|", flush=True)
comm.Barrier()
sys.exit(int(sys.argv[2]) if comm.rank == 3 else 0)
"""
# Ranks that are ready and compute nothing, while a test waits for what ends them.
WAITS = """
import time
from pathlib import Path
from mpi4py import MPI

Path(f"{__file__}.{MPI.COMM_WORLD.rank}").touch()
time.sleep(600)
"""
# A copy of the image to two nodes takes half a minute on a busy machine.
SECONDS = 300.0


def variables(cluster: Cluster, more: Mapping[str, str] | None = None) -> dict[str, str]:
    return cluster.environment({"PYTHONPATH": str(paths.ROOT / "src"), **(more or {})})


def typed(command: str, *words: str) -> list[str]:
    """Return a command line for the words of ``make COMMAND NODES=2 …``."""
    given = "\n ".join(word.replace("\\", r"\\") for word in words)
    options = with_settings([command], {"HPCPY_SETTINGS": f"{given}\n"})
    return [sys.executable, "-m", "hpcpy", *options]


def hpcpy(
    cluster: Cluster, command: str, *words: str, env: Mapping[str, str] | None = None
) -> Done:
    return run(*typed(command, *words), env=variables(cluster, env), cwd=cluster.shared)


def start(cluster: Cluster, *words: str) -> subprocess.Popen[str]:
    return process(cluster, *typed("launch", *words))


def process(cluster: Cluster, *words: str) -> subprocess.Popen[str]:
    return running.start(*words, env=variables(cluster), cwd=cluster.shared)


def said(done: Done) -> list[str]:
    """Return stderr without the launch's first line, and srun's that the nodes are not free yet."""
    title, *rest = done.stderr.splitlines()
    assert ": ranks " in title
    waits = re.compile(r"srun: job \d+ (queued and waiting for|has been allocated) resources")
    return [line for line in rest if not waits.fullmatch(line)]


@dataclass(frozen=True)
class Process:
    """A process of a job: its number, the program's name, its words and its variables."""

    number: int
    name: str
    words: list[str]
    variables: dict[str, str]


def processes(cluster: Cluster) -> Iterator[Process]:
    """Yield the processes of a cluster's jobs; another test run has a cluster of its own."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            environment = proc_files.read(folder / "environ").split("\0")
            variables = dict(one.partition("=")[::2] for one in environment)
            if variables.get("SLURM_SUBMIT_DIR") == str(cluster.shared):
                words = proc_files.read(folder / "cmdline").split("\0")
                name = proc_files.read(folder / "comm").strip()
                yield Process(int(folder.name), name, words, variables)


def ranks(cluster: Cluster, workload: str) -> dict[int, int]:
    return {
        int(one.variables["SLURM_PROCID"]): one.number
        for one in processes(cluster)
        if one.name in ("python3", "hpcpy-python")
        and "SLURM_PROCID" in one.variables
        and workload in " ".join(one.words)
    }


def waiting_program(cluster: Cluster, name: str) -> str:
    """Return the launch's word for WAITS by a name that no other test's ranks have."""
    for old in cluster.shared.glob(f"{name}.*"):
        old.unlink()
    (cluster.shared / name).write_text(WAITS)
    return f"PROGRAM={name}"


def wait_until_ready(cluster: Cluster, name: str, count: int) -> dict[int, int]:
    """Return the processes of WAITS by rank, once all have said that they wait."""
    cluster.wait_for_files(*(f"{name}.{rank}" for rank in range(count)))
    return ranks(cluster, name)


def processor_seconds(process: int) -> float:
    """Return what a process has used of a processor; what has ended uses none."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def nothing_is_left(cluster: Cluster, workload: str) -> None:
    """Wait until no rank and no job of a launch is there; other tests have jobs of their own."""
    name = f"hpcpy-{Path(workload.split(maxsplit=1)[0]).stem}"

    def jobs() -> list[str]:
        names = cluster.run("squeue", "--noheader", "--format=%j").stdout.splitlines()
        return [one for one in names if one.startswith(name)]

    def left() -> list[object]:
        return [*ranks(cluster, workload), *jobs()]

    wait_until(lambda: not left(), shows=left, every=0.1)
