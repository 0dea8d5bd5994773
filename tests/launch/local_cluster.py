"""Local clusters for tests: one for all of pytest's workers, and those of one file, to be hurt."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import proc_files
import running
from hpcpy.cluster import processes
from hpcpy.cluster.command import start, stop
from hpcpy.cluster.layout import NODES, Layout, default_layout
from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy_common.errors import UnavailableError
from running import Done, run

# For what hangs: with a load of 40, a start of four ranks takes more than a minute.
SECONDS = 300.0
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts or becomes another user: as root")


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs; this process and all nodes see `shared` under one path."""

    layout: Layout
    shared: Path

    def run(
        self,
        program: str | Path,
        *words: str | Path,
        timeout: float = SECONDS,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run any command with this cluster's srun, sbatch, squeue … first on PATH."""
        return run(program, *words, env=self.environment(env), cwd=self.shared, timeout=timeout)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        path = f"{self.layout.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**os.environ, "SLURM_CONF": str(self.layout.conf), "PATH": path, **(more or {})}

    def srun(
        self, *words: str | Path, timeout: float = SECONDS, env: Mapping[str, str] | None = None
    ) -> Done:
        """Run srun; a job that is not done in time is cancelled, and the test fails."""
        with self.started(*words, env=env) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                out, err = process.communicate()
                pytest.fail(f"srun {words} is not done after {timeout} s:\n{out}\n{err}")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @contextlib.contextmanager
    def started(
        self, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """Give a running srun, of which nothing is left afterwards."""
        name = f"test-{uuid.uuid4().hex}"
        # Quiet, of "queued and waiting": errors are said all the same.
        srun = ("srun", "--quiet", f"--job-name={name}")
        with running.start(*srun, *words, env=self.environment(env), cwd=self.shared) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                if process.wait() != 0 and self.layout.conf.exists():
                    # A killed srun leaves its allocation.
                    self.run("scancel", f"--name={name}")

    def name(self, process: subprocess.Popen[str]) -> str:
        words: list[str] = process.args  # type: ignore[assignment]
        return next(word for word in words if str(word).startswith("--job-name")).split("=")[1]

    def states(self) -> dict[str, str]:
        return processes.states(self.layout)

    def daemon(self, program: str, node: str) -> int:
        """Return the process of a node's daemon."""
        found = [process for process, words in daemons(self.layout, program) if node in words]
        return found[0] if found else pytest.fail(f"no {program} of {node} runs")

    def wait_for(self, state: str, node: str) -> None:
        """Wait until Slurm says of a node that it is so."""
        running.wait_until(
            lambda: self.states().get(node, "").startswith(state), shows=self.states, every=0.1
        )

    def wait_for_files(self, *names: str) -> None:
        """Wait until a job has made some files in the shared folder."""

        def missing() -> list[str]:
            return [name for name in names if not (self.shared / name).exists()]

        running.wait_until(lambda: not missing(), shows=missing, every=0.05)


def daemons(layout: Layout, program: str) -> list[tuple[int, list[str]]]:
    """Return the processes of a cluster that run a program, and the words of each."""
    found = []
    for process in processes.marked(layout):
        words = proc_files.read(Path(f"/proc/{process}/cmdline")).split("\0")
        if Path(words[0]).name == program:
            found.append((process, words))
    return found


def require_one(layout: Layout) -> None:
    """Skip the test where no cluster runs and none can be made."""
    if processes.usable(layout, processes.states(layout)):
        return
    if os.geteuid() != 0:
        pytest.skip("no local cluster runs, and only root can start one: sudo make cluster")
    if len(look_up(needed(["cluster"]))) < len(needed(["cluster"])):
        pytest.skip("no Slurm here; run: make setup TOOLS=cluster")


@contextlib.contextmanager
def acquired() -> Iterator[Cluster]:
    """Give the checkout's cluster; the last worker stops it, if it did not run before."""
    layout = default_layout()
    require_one(layout)
    users = paths.BUILD / "cluster-users.lock"
    users.parent.mkdir(exist_ok=True)
    with users.open("a+") as mine, users.with_suffix(".change").open("w") as change:
        fcntl.flock(change, fcntl.LOCK_EX)
        first = _alone(mine)
        if first:
            mine.truncate(0)
            mine.write("keep" if processes.usable(layout, processes.states(layout)) else "")
            mine.flush()
        fcntl.flock(mine, fcntl.LOCK_SH)
        try:
            try:
                # By one alone: a start may begin anew, and end the others' jobs.
                if first:
                    start(layout)
            finally:
                fcntl.flock(change, fcntl.LOCK_UN)
            # A user's, where root has started the cluster.
            with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="cluster-shared.") as shared:
                yield Cluster(layout, Path(shared))
        finally:
            fcntl.flock(change, fcntl.LOCK_EX)
            fcntl.flock(mine, fcntl.LOCK_UN)
            mine.seek(0)
            if _alone(mine) and mine.read() != "keep":
                stop(layout)


def _alone(lock: object) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
        return True
    return False


def image() -> list[str]:
    """Return the start of a command that runs in ``hpcpy.sif``; skip without one."""
    sif = Path(os.environ.get("HPCPY_SIF", paths.BUILD / "hpcpy.sif")).absolute()
    if not sif.exists():
        pytest.skip(f"{sif}: not there; run: make sif")
    try:
        program = prefix.find_apptainer()
    except UnavailableError as error:
        pytest.skip(str(error))
    return [str(program), "exec", str(sif)]


@contextlib.contextmanager
def own(name: str, folder: Path = paths.BUILD) -> Iterator[Layout]:
    """Give a cluster of this test's alone, to be hurt; it is not started."""
    layout = Layout(folder / f"{name}-{os.environ.get('PYTEST_XDIST_WORKER', '0')}")
    if os.geteuid() != 0:
        pytest.skip("only root can make a cluster")
    require_one(layout)
    stop(layout)
    try:
        yield layout
    finally:
        stop(layout)


def command(layout: Layout, *words: str) -> list[str]:
    program = str(paths.ROOT / "hpcpy")
    return [sys.executable, program, "cluster", f"--folder={layout.folder}", *words]


def hpcpy(layout: Layout, *words: str) -> str:
    done = run(*command(layout, *words))
    assert done.returncode == 0, done.stderr
    return done.stdout


def cluster_of(layout: Layout) -> Cluster:
    shared = layout.folder / "shared"
    shared.mkdir(exist_ok=True)
    return Cluster(layout, shared)


def started(layout: Layout) -> Cluster:
    hpcpy(layout)
    return cluster_of(layout)


def stderr_of(layout: Layout, *words: str) -> str:
    return run(*command(layout, *words)).stderr


# An administrator would open /dev/fuse to users.
_FUSE = """
folder=$(mktemp -d) && mount -t tmpfs -o mode=755 tmpfs $folder && mknod $folder/fuse c 10 229 &&
chmod 666 $folder/fuse && mount --bind $folder/fuse /dev/fuse
"""


def open_fuse(cluster: Cluster) -> None:
    """Let users of a test's own cluster mount by FUSE on its nodes; or skip the test."""
    for name in NODES:
        into = ("nsenter", f"--target={cluster.daemon('slurmd', name)}", "--mount")
        done = run(*into, "sh", "-c", _FUSE)
        if done.returncode:
            pytest.skip(f"no /dev/fuse for users here: {done.stderr}")
