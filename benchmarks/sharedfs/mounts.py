"""A mount for each node: made, looked at and made anew in its namespaces."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcpy.cluster.layout import Layout
from hpcpy.cluster.processes import Machine, daemon_environment
from hpcpy.stages import StageError
from sharedfs import stats

_SECONDS = 20.0


@dataclass(frozen=True)
class Mount:
    """The file system as one machine has it.

    Attributes
    ----------
    layout
        The cluster, by whose mark the mount's process is found again.
    machine
        Whose it is.
    program
        mfsmount.
    server
        The address of the metadata server.
    folder
        Where it is mounted.
    part
        Which folder of it.
    options
        More of mfsmount's.
    """

    layout: Layout
    machine: Machine
    program: Path
    server: str
    folder: Path
    part: str = "/"
    options: tuple[str, ...] = ()

    def run(self, *words: str | Path) -> str:
        """Run a command on the machine, and return what it prints.

        Raises
        ------
        StageError
            When it fails.
        """
        done = subprocess.run(
            [*self.machine.entering(), *(str(word) for word in words)],
            env=daemon_environment(self.layout),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise StageError(f"{words[0]} on {self.machine.name}: {said}")
        return done.stdout

    def make(self) -> None:
        """Mount it, by a new process with empty caches.

        Raises
        ------
        StageError
            When the server does not answer.
        """
        options = ",".join(
            [
                *(f"mfsmaster={self.server}", f"mfssubfolder=/{self.part.strip('/')}"),
                # An unpacked image has files where a tree of the same is mounted.
                *("nonempty", "mfsnice=0", "mfsallowoomkiller"),
                *self.options,
            ]
        )
        end = time.monotonic() + _SECONDS
        while True:
            try:
                self.run(self.program, "-o", options, self.folder)
            except StageError:
                # The server takes connections a while after its start.
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """Have it as long as the block runs; its process ends with it.

        Raises
        ------
        StageError
            When it cannot be made, or is still in use some seconds after the block.
        """
        self.make()
        try:
            yield
        except BaseException:
            # Ranks that were killed may still use it.  The block's own error is raised.
            with contextlib.suppress(StageError):
                self.run("umount", "--lazy", self.folder)
            raise
        self._end()

    def _end(self) -> None:
        end = time.monotonic() + _SECONDS
        while True:
            try:
                self.run("umount", self.folder)
            except StageError:
                # An engine takes its image's mount away after its ranks have ended.
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def look(self) -> dict[str, int]:
        """Return its counters; the metadata server is not asked for that."""
        seen = Path(f"/proc/{self.machine.first}/root") / self.folder.relative_to("/")
        return stats.parse((seen / stats.NAME).read_text())
