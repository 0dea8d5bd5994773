"""Start a cluster: its files, its bridge, its machines."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass

from hpcpy.cluster import config, health, network, processes
from hpcpy.cluster.layout import CONTROLLER, Layout, Network, addresses
from hpcpy.cluster.node import Node
from hpcpy.cluster.processes import Machine
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import disk_errors
from hpcpy.core.paths import ROOT, cache_dir
from hpcpy.core.stages import Stage
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import SBIN, needed

_KEY_BYTES = 1024


@dataclass(frozen=True)
class Up:
    """A cluster that has been brought up: its network, its machines by name."""

    network: Network
    machines: dict[str, Machine]


def bring_up(layout: Layout, current: Stage) -> Up:
    """Start all of a cluster of which there is nothing, and wait for its nodes."""
    on = network.choose(layout)
    # Every user reads most of it, whatever root's own files are like.
    umask = os.umask(0o022)
    try:
        with disk_errors(layout.folder):
            _write(layout, on)
    finally:
        os.umask(umask)
    network.make_bridge(layout, on)
    nodes = (_controller(layout, on), *(_node(layout, on, name) for name in layout.nodes))
    started = [start(layout, node) for node in nodes]
    health.wait_until_usable(layout, started, current)
    return Up(on, {machine.name: machine for machine in started})


def start(layout: Layout, node: Node) -> Machine:
    """Start a machine and plug it in; it goes on by itself."""
    machine = processes.start(layout, node)
    network.plug_in(layout, node.name, machine.process.pid)
    machine.go()
    return machine


def _write(layout: Layout, on: Network) -> None:
    layout.folder.mkdir(parents=True, exist_ok=True)
    layout.mark.touch()
    for folder in (layout.run, layout.logs, layout.bin):
        folder.mkdir()
    for name in layout.nodes:
        (layout.run / name).mkdir()
    key = layout.run / "munge"
    for private in (key, layout.run / "state"):
        private.mkdir(mode=0o700)
    # Whoever reads it can act as any user of the cluster.
    (key / "key").touch(mode=0o600)
    (key / "key").write_bytes(secrets.token_bytes(_KEY_BYTES))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    layout.conf.write_text(config.slurm_conf(layout, on, memory))
    for name, text in config.files(layout, on).items():
        (layout.run / name).write_text(text)
    layout.environment.write_text(config.environment(layout))
    for name in config.COMMANDS:
        wrapper = layout.bin / name
        wrapper.write_text(config.wrapper(layout, _program(name)))
        wrapper.chmod(0o755)


def _program(name: str) -> str:
    # /usr/sbin is not on every root's PATH; the wrappers themselves may be.
    path = os.pathsep.join(["/usr/local/bin", "/usr/bin", *SBIN])
    found = shutil.which(name, path=path) or shutil.which(name)
    if not found:
        raise UnavailableError(f"{name}: not on PATH", hint="make setup TOOLS=cluster")
    return found


def _controller(layout: Layout, on: Network) -> Node:
    private = layout.run / "munge"
    munged = (
        *(_daemon("munged"), "--foreground", f"--socket={layout.socket}"),
        *(f"--key-file={private / 'key'}", f"--pid-file={private / 'pid'}"),
        *(f"--log-file={private / 'log'}", f"--seed-file={private / 'seed'}"),
    )
    slurmctld = (_daemon("slurmctld"), "-D", "-c", "-f", str(layout.conf))
    return machine_of(layout, on, CONTROLLER, ((munged, str(layout.socket)), (slurmctld, "")))


def _node(layout: Layout, on: Network, name: str) -> Node:
    return machine_of(
        layout, on, name, (((_daemon("slurmd"), "-D", "-N", name, "-f", str(layout.conf)), ""),)
    )


def machine_of(
    layout: Layout, on: Network, name: str, daemons: tuple[tuple[tuple[str, ...], str], ...]
) -> Node:
    """Return a machine of the cluster; with each daemon goes a path to wait for, or nothing."""
    at = addresses(layout, on)
    return Node(
        name=name,
        address=f"{at[name]}/{on.prefixlen}",
        gateway=at["login"],
        folder=str(layout.run / name),
        files=tuple((f"/etc/{name}", str(layout.run / name)) for name in config.files(layout, on)),
        # podman's images are in the cache.
        kept=tuple(str(path) for path in (ROOT, layout.folder, cache_dir()) if path.is_dir()),
        daemons=tuple(command for command, _ in daemons),
        wanted=tuple(wanted for _, wanted in daemons),
    )


def _daemon(name: str) -> str:
    return str(look_up(needed(["cluster"]))[name].path)
