"""A mount for each node: made, looked at and made anew in its namespaces; files copied in."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import join

from hpcpy.cluster.layout import Layout
from hpcpy.cluster.processes import Machine, daemon_environment
from hpcpy.core.stages import StageError
from sharedfs import counts
from sharedfs.configuration import ETC, OF_THE_NODE, Files

_SECONDS = 20.0
# As MooseFS comes, a node keeps no names of files, and all else for a second.  With these
# options it keeps both for an hour, as clients do that hold locks.
KEEPING = tuple(f"mfs{name}cacheto=3600" for name in ("attr", "entry", "direntry", "negentry"))
Run = Callable[..., str]


@dataclass(frozen=True)
class Mount:
    """The file system as one machine has it."""

    # By the cluster's mark the mount's process is found again.
    layout: Layout
    machine: Machine
    # mfsmount, and the address of the metadata server.
    program: Path
    server: str
    # Where it is mounted, and which folder of it.
    folder: Path
    part: str = "/"
    # More of mfsmount's.
    options: tuple[str, ...] = ()

    def run(self, *words: str | Path) -> str:
        """Run a command on the machine; return what it prints, or raise StageError."""
        command = [*self.machine.entering(), *map(str, words)]
        return output(command, self.machine.name, daemon_environment(self.layout))

    def make(self) -> None:
        """Mount it, by a new process with empty caches."""
        # An unpacked image has files where a tree of the same is mounted.
        own = (f"mfsmaster={self.server}", f"mfssubfolder=/{self.part.strip('/')}", "nonempty")
        options = ",".join([*own, "mfsnice=0", "mfsallowoomkiller", *self.options])
        # The server takes connections a while after its start.
        self._again(0.1, self.program, "-o", options, self.folder)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """Have it as long as the block runs; its process ends with it."""
        self.make()
        try:
            yield
        except BaseException:
            # Ranks that were killed may still use it.  The block's own error is raised.
            with contextlib.suppress(StageError):
                self.run("umount", "--lazy", self.folder)
            raise
        # An engine takes its image's mount away after its ranks have ended.
        self._again(0.02, "umount", self.folder)

    def _again(self, pause: float, *words: str | Path) -> None:
        """Run a command until it succeeds, for some seconds."""
        end = time.monotonic() + _SECONDS
        while True:
            try:
                self.run(*words)
            except StageError:
                if time.monotonic() > end:
                    raise
                time.sleep(pause)
            else:
                return

    def look(self) -> dict[str, int]:
        """Return its counters; the metadata server is not asked for that."""
        seen = Path(f"/proc/{self.machine.first}/root") / self.folder.relative_to("/")
        return counts.parse((seen / counts.NAME).read_text())


def output(command: Sequence[str], where: str, environment: dict[str, str] | None = None) -> str:
    """Return what a command prints; raise StageError with its last line when it fails."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StageError(f"a command on {where}: {last}")
    return done.stdout


def copy(run: Run, folder: Path, wanted: Iterable[Files]) -> None:
    """Copy files into a folder of the file system, by what runs a command there."""
    for files in wanted:
        target = folder / files.target
        is_folder = files.source.is_dir() and not files.is_packed
        run("mkdir", "-p", target if is_folder else target.parent)
        if files.source.is_file():
            run("cp", "--preserve", files.source, target)
            continue
        without = [f"--exclude={pattern}" for pattern in files.without]
        pack = join(["tar", "--create", f"--directory={files.source}", *without, "."])
        unpack = ["tar", "--extract", f"--directory={target}"]
        if files.is_packed:
            unpack = ["dd", "bs=1M", "iflag=fullblock", "status=none", f"of={target}"]
        run("bash", "-o", "pipefail", "-c", f"{pack} | {join(unpack)}")


def size(run: Run, folder: Path, wanted: Iterable[Files]) -> int:
    """Return the bytes of files that were copied onto the file system."""
    targets = dict.fromkeys(folder / files.target for files in wanted)
    # Not du: a folder of MooseFS says that it has hundreds of kilobytes.
    sizes = run("find", *targets, "-type", "f", "-printf", r"%s\n")
    return sum(map(int, sizes.split()))


def open_root(mount: Mount, root: Path) -> None:
    """Have the node's own devices, processes and names in an unpacked root folder."""
    for path in OF_THE_NODE:
        mount.run("mount", "--rbind", path, root / path.lstrip("/"))
    for path in ETC:
        if (inside := root / path.lstrip("/")).exists():
            mount.run("mount", "--bind", path, inside)
