"""Ranks on the nodes, started by Slurm as a job's are."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import join, quote
from typing import Any

from hpcpy.cluster import processes
from hpcpy.cluster.layout import ENGINE_FOLDER, Layout
from measure.running import CommandError
from sharedfs.programs import MARK, reported

_PATIENCE = 300
# On each node's own disk; a shell of the job or of a rank expands the variable.
COPY = "/tmp/storm-$SLURM_JOB_ID"  # noqa: S108
# All that a rank gets beside Slurm's own: the caller's variables would bring its paths.
VARIABLES = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    # Or it writes below the machine's own home folder.
    "MPLCONFIGDIR": "/tmp/storm-matplotlib",  # noqa: S108
    "APPTAINER_CONFIGDIR": ENGINE_FOLDER,
}


@dataclass(frozen=True)
class Launch:
    """One srun: seconds to the last rank's line, and what the ranks reported."""

    last: float
    ranks: list[dict[str, Any]]


@dataclass(frozen=True)
class Job:
    """What is launched: ranks on each of the first nodes."""

    nodes: int
    ranks: int
    command: Sequence[str]
    # A file that the job copies to each node's own disk, as `COPY`; unpacked beside it.
    staged: Path | None = None
    is_archive: bool = False
    # The start of a command on the first node.
    entering: Sequence[str] = ()

    def words(self, layout: Layout) -> list[str]:
        """Return what starts it on the local cluster, in a job of its own."""
        given = ",".join(f"{name}={value}" for name, value in VARIABLES.items())
        size = [
            *(f"--nodes={self.nodes}", f"--nodelist={','.join(layout.nodes[: self.nodes])}"),
            f"--ntasks-per-node={self.ranks}",
        ]
        step = ["--quiet", "--mpi=pmi2", "--chdir=/", f"--export={given}", "--kill-on-bad-exit=1"]
        if self.staged is None:
            return [str(layout.bin / "srun"), *step, *size, *self.command]
        each = f"--nodes={self.nodes} --ntasks={self.nodes} --ntasks-per-node=1 --chdir=/"
        on_each = f"srun --overlap --quiet --mpi=none {each}"
        unpack = f'mkdir "{COPY}.d" && tar -xf "{COPY}" -C "{COPY}.d"'
        lines = [
            f'sbcast {quote(str(self.staged))} "{COPY}" || exit 73',
            *([f"{on_each} sh -c {quote(unpack)} || exit 73"] if self.is_archive else []),
            join(["srun", *step, *size, *self.command]),
            "code=$?",
            f'{on_each} rm -rf "{COPY}" "{COPY}.d"',
            "exit $code",
        ]
        path = f"PATH={layout.bin}:{VARIABLES['PATH']}"
        salloc = ["salloc", "--quiet", "--chdir=/", *size, "bash", "-c", "\n".join(lines)]
        return [*self.entering, "env", "--ignore-environment", path, *salloc]


def on_cluster(layout: Layout, job: Job) -> Launch:
    """Start a job on the local cluster, whose nodes are free again afterwards."""
    try:
        return _launch(job.words(layout), job.nodes * job.ranks)
    finally:
        while jobs := processes.jobs(layout):
            processes.printed_by(layout, "scancel", *jobs)
            time.sleep(0.05)


def _launch(words: Sequence[str], everybody: int) -> Launch:
    """Run a command that starts ranks, and return what they reported."""
    lines: list[str] = []
    begin = last = time.monotonic()
    command = ["timeout", "--kill-after=10", str(_PATIENCE), *words]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    with (
        tempfile.TemporaryFile("w+", errors="replace") as file,
        subprocess.Popen(
            command, cwd="/", stderr=file, text=True, errors="replace", **pipes
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                lines.append(line)
                last = time.monotonic() if line.startswith(MARK) else last
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
        file.seek(0)
        stderr = file.read()
    if time.monotonic() - begin >= _PATIENCE:
        raise CommandError(f"the ranks are not done after {_PATIENCE} s", stderr)
    ranks = reported(lines)
    if code or len(ranks) != everybody:
        complaints = [line for line in stderr.splitlines() if line.strip()]
        complaints = complaints or [f"srun ended with {code} and no message"]
        # Apptainer's first line is about what it could not tidy up.
        first = next((line for line in complaints if line.startswith("FATAL")), complaints[0])
        message = f"{len(ranks)} of {everybody} ranks reported what they took: {first}"
        raise CommandError(message, f"{''.join(lines)}\n{stderr}")
    return Launch(last - begin, ranks)
