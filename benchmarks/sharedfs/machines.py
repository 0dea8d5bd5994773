"""The local cluster's nodes with a MooseFS of their own, up and down again."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.cluster import life, machines
from hpcpy.cluster.layout import Layout, addresses
from hpcpy.engine.setup import Engine, ensure
from hpcpy.errors import UnavailableError
from hpcpy.files import disk_errors
from hpcpy.stages import Stage, StageError, stage
from sharedfs import moosefs
from sharedfs.mounts import Mount

# A device's name has at most 15 bytes, ten of them the bridge's.
SERVER = "files"
# The files' bytes may be on their way when they are closed: nothing here outlives a crash.
_FILLING = ("mfsfsyncmintime=3600",)
_FUSE = Path("/dev/fuse")
_SECONDS = 20.0


@dataclass(frozen=True)
class Storm:
    """The running machines.

    Attributes
    ----------
    layout
        The cluster.
    mounts
        One for each node.
    own
        The server's mount, through which files are copied in.
    """

    layout: Layout
    mounts: tuple[Mount, ...]
    own: Mount

    @property
    def folder(self) -> Path:
        """Where every machine sees the file system."""
        return self.own.folder


def layout(nodes: int, folder: Path = paths.BUILD / "storm/cluster") -> Layout:
    """Return the names of a storm's cluster."""
    return Layout(folder, tuple(f"n{number + 1}" for number in range(nodes)), (SERVER,))


def require() -> Engine:
    """Refuse a machine that cannot have a storm, and return its programs.

    Raises
    ------
    UnavailableError
        Without root, namespaces, FUSE, or the packages.
    """
    life.require_root("make storm")
    try:
        os.close(os.open(_FUSE, os.O_RDWR))
    except OSError as error:
        raise UnavailableError(
            f"{_FUSE}: {error.strerror}", hint="each node mounts MooseFS by FUSE: modprobe fuse"
        ) from error
    return ensure("cluster", "storm", "apptainer")


@contextlib.contextmanager
def running(one: Layout) -> Iterator[Storm]:
    """Give the machines; nothing of them is left afterwards.

    What a killed run has left is removed first.

    Raises
    ------
    UnavailableError
        As `require`.
    StageError
        When one does not come up.
    """
    engine = require()
    with life.held(one):
        try:
            with stage(f"start {len(one.nodes)} nodes and MooseFS") as current:
                life.remove(one)
                storm = _bring_up(one, engine, current)
            yield storm
        finally:
            life.remove(one)


def _bring_up(one: Layout, engine: Engine, current: Stage) -> Storm:
    up = machines.bring_up(one, current)
    data = one.folder / "moosefs"
    server = addresses(one, up.network)[SERVER]
    with disk_errors(data):
        for folder in moosefs.folders(data):
            folder.mkdir(parents=True)
        for path, text in moosefs.files(data, server).items():
            path.write_text(text)
    shared = one.run / "shared"
    shared.mkdir()
    daemons = moosefs.daemons(data, engine.path("mfsmaster"), engine.path("mfschunkserver"))
    node = machines.machine_of(one, up.network, SERVER, tuple((each, "") for each in daemons))
    all_machines = {**up.machines, SERVER: machines.start(one, node)}
    mounts = {
        name: Mount(one, machine, engine.path("mfsmount"), server, shared)
        for name, machine in all_machines.items()
    }
    own = dataclasses.replace(mounts[SERVER], options=_FILLING)
    storm = Storm(one, tuple(mounts[name] for name in one.nodes), own)
    storm.own.make()
    _wait_for_chunks(storm)
    return storm


def _wait_for_chunks(storm: Storm) -> None:
    """Wait until a byte can be written: a chunk server registers after the master's start."""
    end = time.monotonic() + _SECONDS
    while _room(storm.own) == 0:
        if time.monotonic() > end:
            raise StageError(f"no chunk server after {_SECONDS:.0f} s; log: {storm.layout.logs}")
        time.sleep(0.1)


def _room(mount: Mount) -> int:
    try:
        return int(mount.run("stat", "--file-system", "--format=%a", mount.folder))
    except (StageError, subprocess.SubprocessError):
        return 0
