"""Ranks on the nodes, started by Slurm as a job's are."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hpcpy.cluster import health
from hpcpy.cluster.layout import Layout
from hpcpy.launch.words import quoted
from hpcpy.stages import StageError
from hpcpy.storm.configurations.configuration import Around
from hpcpy.storm.programs import Rank, told

_PATIENCE = 300.0
# All that a rank gets beside Slurm's own: none of the caller's, of which paths are part.
_VARIABLES = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


class RanksError(StageError):
    """Not all ranks told what they took.

    Attributes
    ----------
    said
        All that they and srun said of it.
    """

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


@dataclass(frozen=True)
class Launch:
    """One srun: when it began, when its last line came, what its ranks told."""

    begin: float
    end: float
    ranks: list[Rank]

    @property
    def last(self) -> float:
        """Seconds from the launch to the last rank's line."""
        return max(one.done for one in self.ranks) - self.begin


@dataclass(frozen=True)
class Job:
    """What is launched.

    Attributes
    ----------
    nodes
        How many nodes; always the first ones.
    ranks
        How many on each.
    command
        The rank.
    around
        What comes before and after the ranks.
    entering
        The start of a command that runs on the first node: `around` runs there.
    """

    nodes: int
    ranks: int
    command: Sequence[str]
    around: Around | None = None
    entering: Sequence[str] = ()

    def words(self, layout: Layout) -> list[str]:
        """Return what starts it."""
        given = ",".join(f"{name}={value}" for name, value in _VARIABLES.items())
        size = [
            *(f"--nodes={self.nodes}", f"--nodelist={','.join(layout.nodes[: self.nodes])}"),
            f"--ntasks-per-node={self.ranks}",
        ]
        step = ["--quiet", "--mpi=pmi2", "--chdir=/", f"--export={given}", "--kill-on-bad-exit=1"]
        srun = ["srun", *step, *size, *self.command]
        if self.around is None:
            return [str(layout.bin / "srun"), *srun[1:]]
        script = "\n".join(
            [
                *self.around.before,
                " ".join(quoted(word) for word in srun),
                "code=$?",
                *self.around.afterwards,
                "exit $code",
            ]
        )
        path = f"PATH={layout.bin}:{_VARIABLES['PATH']}"
        salloc = ["salloc", "--quiet", "--chdir=/", *size, "bash", "-c", script]
        return [*self.entering, "env", "--ignore-environment", path, *salloc]


def launch(layout: Layout, job: Job) -> Launch:
    """Run a command as ranks, and return what they told.

    Parameters
    ----------
    layout
        The cluster.
    job
        What.

    Raises
    ------
    RanksError
        When not all of them told.
    """
    everybody = job.nodes * job.ranks
    begin = time.monotonic()
    try:
        done = subprocess.run(
            job.words(layout),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RanksError(f"the ranks are not done after {_PATIENCE:.0f} s", "") from None
    finally:
        _free(layout)
    found = told(done.stdout.splitlines())
    if done.returncode or len(found) != everybody:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        first = lines[0] if lines else f"srun ended with {done.returncode} and says nothing"
        message = f"{len(found)} of {everybody} ranks told what they took: {first}"
        raise RanksError(message, f"{done.stdout}\n{done.stderr}")
    return Launch(begin, time.monotonic(), found)


def _free(layout: Layout) -> None:
    """End what a stopped srun has left, and wait until its nodes are free."""
    while jobs := health.jobs(layout):
        health.ask(layout, "scancel", *jobs)
        time.sleep(0.05)
