"""The local cluster's nodes with a MooseFS of their own, up and down again."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcpy.cluster import machines
from hpcpy.cluster.layout import Layout, addresses
from hpcpy.core import paths
from hpcpy.core.files import disk_errors
from hpcpy.core.stages import Stage, StageError, stage
from hpcpy.engine.setup import Engine, ensure
from hpcpy_common.errors import UnavailableError
from sharedfs.mounts import Mount

# A device's name has at most 15 bytes, ten of them the bridge's.
SERVER = "files"
# The files' bytes may be on their way when they are closed: nothing here outlives a crash.
_FILLING = ("mfsfsyncmintime=3600",)
_FUSE = Path("/dev/fuse")
_SECONDS = 20.0
# The servers' own nice level is -19, which would take the cores from the ranks.
_COMMON = "WORKING_USER = root\nWORKING_GROUP = root\nNICE_LEVEL = 0\nDISABLE_OOM_KILLER = 0\n"
# MooseFS takes no address of the loopback device.
_FILES = {
    "master.cfg": f"""\
{_COMMON}DATA_PATH = {{folder}}/metadata
EXPORTS_FILENAME = {{folder}}/exports.cfg
TOPOLOGY_FILENAME = {{folder}}/topology.cfg
MATOML_LISTEN_HOST = {{address}}
MATOCS_LISTEN_HOST = {{address}}
MATOCL_LISTEN_HOST = {{address}}
""",
    "exports.cfg": "* / rw,alldirs,maproot=0\n",
    "topology.cfg": "",
    # Its test of the disk would read files while others are measured.
    "chunkserver.cfg": f"""\
{_COMMON}DATA_PATH = {{folder}}/chunkserver
HDD_CONF_FILENAME = {{folder}}/disks.cfg
MASTER_HOST = {{address}}
MASTER_RECONNECTION_DELAY = 1
CSSERV_LISTEN_HOST = {{address}}
HDD_TEST_SPEED = 0
""",
    # With "~" a disk that others fill, too, is not taken for a damaged one.
    "disks.cfg": "~{folder}/chunks\n",
    "metadata/metadata.mfs": "MFSM NEW",
}


@dataclass(frozen=True)
class Storm:
    """The running machines: a mount for each node, and the server's, through which files come."""

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
    """Refuse a machine that cannot have a storm, and return its programs."""
    machines.require_root("make storm")
    try:
        os.close(os.open(_FUSE, os.O_RDWR))
    except OSError as error:
        raise UnavailableError(
            f"{_FUSE}: {error.strerror}", hint="each node mounts MooseFS by FUSE: modprobe fuse"
        ) from error
    return ensure("cluster", "storm", "apptainer")


@contextlib.contextmanager
def running(cluster: Layout) -> Iterator[Storm]:
    """Give the machines; nothing of them is left afterwards, nor of a run that was killed."""
    engine = require()
    with machines.locked_for(cluster):
        try:
            with stage(f"start {len(cluster.nodes)} nodes and MooseFS") as current:
                machines.remove(cluster)
                storm = _bring_up(cluster, engine, current)
            yield storm
        finally:
            machines.remove(cluster)


def _bring_up(cluster: Layout, engine: Engine, current: Stage) -> Storm:
    network, started = machines.bring_up(cluster, current)
    data = cluster.folder / "moosefs"
    server = addresses(cluster, network)[SERVER]
    with disk_errors(data):
        for name in ("metadata", "chunkserver", "chunks"):
            (data / name).mkdir(parents=True)
        for name, text in _FILES.items():
            (data / name).write_text(text.format(folder=data, address=server))
    shared = cluster.run / "shared"
    shared.mkdir()
    # In the foreground, or the node's first process would not see their end; no core files.
    daemons = tuple(
        ((str(engine[f"mfs{name}"].path), "-f", "-n", "-c", str(data / f"{name}.cfg")), "")
        for name in ("master", "chunkserver")
    )
    node = machines.machine_of(cluster, network, SERVER, daemons)
    mounts = {
        name: Mount(cluster, machine, engine["mfsmount"].path, server, shared)
        for name, machine in {**started, SERVER: machines.start(cluster, node)}.items()
    }
    own = dataclasses.replace(mounts[SERVER], options=_FILLING)
    own.make()
    _wait_for_chunks(own, cluster.logs)
    return Storm(cluster, tuple(mounts[name] for name in cluster.nodes), own)


def _wait_for_chunks(own: Mount, logs: Path) -> None:
    """Wait until a byte can be written: a chunk server registers after the master's start."""
    end = time.monotonic() + _SECONDS
    while True:
        with contextlib.suppress(StageError):
            if int(own.run("stat", "--file-system", "--format=%a", own.folder)):
                return
        if time.monotonic() > end:
            raise StageError(f"no chunk server after {_SECONDS:.0f} s; log: {logs}")
        time.sleep(0.1)
