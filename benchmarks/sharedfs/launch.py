"""Ranks on the nodes, started by Slurm as a job's are."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hpcpy.cluster import health
from hpcpy.cluster.layout import Layout
from hpcpy.cluster.node import ENGINE_FOLDER
from hpcpy.launch.shell import quoted
from hpcpy.stages import StageError
from sharedfs.configurations.configuration import Around
from sharedfs.programs import MARK, Rank, told

PATIENCE = 300.0
# All that a rank gets beside Slurm's own: the caller's variables would bring its paths.
VARIABLES = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    # Or it writes below the machine's own home folder.
    "MPLCONFIGDIR": "/tmp/storm-matplotlib",  # noqa: S108
    "APPTAINER_CONFIGDIR": ENGINE_FOLDER,
}


class RanksError(StageError):
    """Not all ranks reported what they took.

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
    """One srun: when it began, when the last rank's line came, what the ranks told."""

    begin: float
    told: float
    ranks: list[Rank]

    @property
    def last(self) -> float:
        """Seconds from the launch to the last rank's line."""
        return self.told - self.begin


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
        """Return what starts it on the local cluster, in a job of its own."""
        given = ",".join(f"{name}={value}" for name, value in VARIABLES.items())
        size = [
            *(f"--nodes={self.nodes}", f"--nodelist={','.join(layout.nodes[: self.nodes])}"),
            f"--ntasks-per-node={self.ranks}",
        ]
        step = ["--quiet", "--mpi=pmi2", "--chdir=/", f"--export={given}", "--kill-on-bad-exit=1"]
        if self.around is None:
            return [str(layout.bin / "srun"), *step, *size, *self.command]
        path = f"PATH={layout.bin}:{VARIABLES['PATH']}"
        salloc = ["salloc", "--quiet", "--chdir=/", *size]
        within = self.within(" ".join(quoted(word) for word in [*step, *size]))
        return [*self.entering, "env", "--ignore-environment", path, *salloc, *within]

    def within(self, options: str) -> list[str]:
        """Return what starts it in a job that is there.

        Parameters
        ----------
        options
            srun's, as a shell takes them.
        """
        around = self.around or Around((), ())
        srun = f"srun {options} {' '.join(quoted(word) for word in self.command)}"
        lines = [*around.before, srun, "code=$?", *around.afterwards, "exit $code"]
        return ["bash", "-c", "\n".join(lines)]


def on_cluster(layout: Layout, job: Job) -> Launch:
    """Start a job on the local cluster, whose nodes are free again afterwards.

    Raises
    ------
    RanksError
        As `launch`.
    """
    try:
        return launch(job.words(layout), job.nodes * job.ranks)
    finally:
        _free(layout)


def launch(words: Sequence[str], everybody: int, patience: float = PATIENCE) -> Launch:
    """Run a command that starts ranks, and return what they told.

    Parameters
    ----------
    words
        The command.
    everybody
        How many ranks it starts.
    patience
        Seconds until it is ended.

    Raises
    ------
    RanksError
        When not all of them told.
    """
    begin = time.monotonic()
    code, lines, told_at, stderr = _run(words, patience)
    if time.monotonic() - begin >= patience:
        raise RanksError(f"the ranks are not done after {patience:.0f} s", stderr)
    found = told(lines)
    if code or len(found) != everybody:
        spoken = [line for line in stderr.splitlines() if line.strip()]
        spoken = spoken or [f"srun ended with {code} and says nothing"]
        # Apptainer's first line is about what it could not tidy up.
        first = next((line for line in spoken if line.startswith("FATAL")), spoken[0])
        message = f"{len(found)} of {everybody} ranks reported what they took: {first}"
        raise RanksError(message, f"{''.join(lines)}\n{stderr}")
    return Launch(begin, told_at, found)


def _run(words: Sequence[str], patience: float) -> tuple[int, list[str], float, str]:
    """Return a command's exit code, its lines, when the last rank's came, and its stderr."""
    lines: list[str] = []
    told_at = time.monotonic()
    with (
        tempfile.TemporaryFile("w+", errors="replace") as said,
        subprocess.Popen(
            words,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            errors="replace",
        ) as process,
    ):
        watchdog = threading.Timer(patience, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            assert process.stdout is not None  # noqa: S101  (PIPE)
            for line in process.stdout:
                lines.append(line)
                # By this machine's clock: those of a site's nodes may differ.
                told_at = time.monotonic() if line.startswith(MARK) else told_at
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
        finally:
            watchdog.cancel()
        said.seek(0)
        return code, lines, told_at, said.read()


def _free(layout: Layout) -> None:
    """End what a stopped srun has left, and wait until its nodes are free."""
    while jobs := health.jobs(layout):
        health.ask(layout, "scancel", *jobs)
        time.sleep(0.05)
