"""A mount for each node: made, looked at and made anew in its namespaces; files copied in."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import join

from hpcpy.cluster.layout import Layout
from hpcpy.cluster.processes import Machine, daemon_environment
from hpcpy.core.stages import StageError
from measure.running import output
from sharedfs import counts
from sharedfs.configurations import Files

_SECONDS = 20.0
# What a program in another root folder has of its node, below the same path.
_OF_THE_NODE = ("/proc", "/sys", "/dev", "/tmp")  # noqa: S108
_ETC = ("/etc/hosts", "/etc/resolv.conf")


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
        title = f"{words[0]} on {self.machine.name}"
        return output(command, title, env=daemon_environment(self.layout))

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


def copy(mount: Mount, folder: Path, wanted: Iterable[Files]) -> None:
    """Copy files into a folder of the file system."""
    for files in wanted:
        target = folder / files.target
        if files.source.is_file():
            mount.run("mkdir", "-p", target.parent)
            mount.run("cp", "--preserve", files.source, target)
            continue
        mount.run("mkdir", "-p", target)
        without = [f"--exclude={pattern}" for pattern in files.without]
        pack = join(["tar", "--create", f"--directory={files.source}", *without, "."])
        unpack = join(["tar", "--extract", f"--directory={target}"])
        mount.run("bash", "-o", "pipefail", "-c", f"{pack} | {unpack}")


def size(mount: Mount, folder: Path, wanted: Iterable[Files]) -> int:
    """Return the bytes of files that were copied onto the file system."""
    targets = dict.fromkeys(folder / files.target for files in wanted)
    # Not du: a folder of MooseFS says that it has hundreds of kilobytes.
    sizes = mount.run("find", *targets, "-type", "f", "-printf", r"%s\n")
    return sum(map(int, sizes.split()))


def open_root(mount: Mount, root: Path) -> None:
    """Have the node's own devices, processes and names in an unpacked root folder."""
    for path in _OF_THE_NODE:
        mount.run("mount", "--rbind", path, root / path.lstrip("/"))
    for path in _ETC:
        if (inside := root / path.lstrip("/")).exists():
            mount.run("mount", "--bind", path, inside)
