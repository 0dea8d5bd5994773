"""Start a cluster: its files, its bridge, its machines."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence

from hpcpy.cluster import processes
from hpcpy.cluster.layout import (
    COMMANDS,
    CONTROLLER,
    Layout,
    Network,
    addresses,
    environment,
    node_files,
    slurm_conf,
    wrapper,
)
from hpcpy.cluster.processes import Machine
from hpcpy.core.files import disk_errors, make_folder, places_named
from hpcpy.core.paths import ROOT, cache_dir
from hpcpy.core.programs import captured, printed
from hpcpy.core.scratch import locked
from hpcpy.core.stages import Stage
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import SBIN, needed
from hpcpy_common.errors import UnavailableError

# Set aside for measuring networks (RFC 2544): no site routes them.
_POOL = ipaddress.IPv4Network("198.18.0.0/15")
_PREFIX = 24


def free_network(taken: Iterable[Network], key: str) -> Network:
    """Return a network of which no part is in use; ``key``, hexadecimal, says where to begin.

    So two clusters that start at once do not choose the same.
    """
    used = list(taken)
    every = list(_POOL.subnets(new_prefix=_PREFIX))
    first = int(key, 16) % len(every)
    for network in [*every[first:], *every[:first]]:
        if not any(network.overlaps(other) for other in used):
            return network
    raise UnavailableError(f"this machine uses all of {_POOL}")


def _ip(*words: str) -> str:
    hint = "the local cluster needs the kernel's bridge and veth (modprobe bridge veth)"
    return printed(["ip", *words], f"ip {' '.join(words)}", hint=hint)


def make_bridge(layout: Layout, network: Network) -> None:
    """Make the bridge, with the address that users' commands have on it."""
    own = f"{addresses(layout, network)['login']}/{network.prefixlen}"
    _ip("link", "add", layout.bridge, "type", "bridge")
    _ip("address", "add", own, "dev", layout.bridge)
    _ip("link", "set", layout.bridge, "up")


def plug_in(layout: Layout, name: str, process: int) -> None:
    """Give a process's network namespace an ``eth0`` that is on the bridge."""
    cable = layout.cable(name)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(process))
    _ip("link", "set", cable, "master", layout.bridge)
    _ip("link", "set", cable, "up")


def remove_bridge(layout: Layout) -> None:
    """Remove the bridge and what is plugged in, as far as it is there."""
    for link in json.loads(captured(["ip", "-json", "link", "show"]).stdout or "[]"):
        if link["ifname"].startswith(layout.bridge):
            captured(["ip", "link", "delete", link["ifname"]])


_KEY_BYTES = 1024
_REMEDY = "name another folder: FOLDER=… or --folder"


def bring_up(layout: Layout, current: Stage) -> tuple[Network, dict[str, Machine]]:
    """Start all of a cluster of which there is nothing; return its network and machines."""
    routes = json.loads(_ip("-4", "-json", "route", "show", "table", "all") or "[]")
    taken = [Network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    on = free_network(taken, layout.key)
    # Every user reads most of it, whatever root's own files are like.
    umask = os.umask(0o022)
    try:
        with places_named(layout.folder, _REMEDY), disk_errors(layout.folder):
            _write(layout, on)
    finally:
        os.umask(umask)
    make_bridge(layout, on)
    nodes = (_controller(layout, on), *(_node(layout, on, name) for name in layout.nodes))
    started = [start(layout, node) for node in nodes]
    processes.wait_until_usable(layout, started, current)
    return on, {machine.name: machine for machine in started}


def start(layout: Layout, node: Sequence[str]) -> Machine:
    """Start a machine and plug it in; it goes on by itself."""
    machine = processes.start(layout, node)
    plug_in(layout, machine.name, machine.process.pid)
    machine.go()
    return machine


def _write(layout: Layout, on: Network) -> None:
    layout.folder.mkdir(parents=True, exist_ok=True)
    layout.mark.write_bytes(bytes(layout.folder))
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
    layout.conf.write_text(slurm_conf(layout, on, memory))
    for name, text in node_files(layout, on).items():
        (layout.run / name).write_text(text)
    layout.environment.write_text(environment(layout))
    for name in COMMANDS:
        script = layout.bin / name
        script.write_text(wrapper(layout, _program(name)))
        script.chmod(0o755)


def _program(name: str) -> str:
    # /usr/sbin is not on every root's PATH; the wrappers themselves may be.
    path = os.pathsep.join(["/usr/local/bin", "/usr/bin", *SBIN])
    file = shutil.which(name, path=path) or shutil.which(name)
    if not file:
        raise UnavailableError(f"{name}: not on PATH", hint="make setup TOOLS=cluster")
    return file


def _controller(layout: Layout, on: Network) -> list[str]:
    private = layout.run / "munge"
    munged = (
        *(_daemon("munged"), "--foreground", f"--socket={layout.socket}"),
        *(f"--key-file={private / 'key'}", f"--pid-file={private / 'pid'}"),
        *(f"--log-file={private / 'log'}", f"--seed-file={private / 'seed'}"),
    )
    slurmctld = (_daemon("slurmctld"), "-D", "-c", "-f", str(layout.conf))
    return machine_of(layout, on, CONTROLLER, ((munged, str(layout.socket)), (slurmctld, "")))


def _node(layout: Layout, on: Network, name: str) -> list[str]:
    slurmd = (_daemon("slurmd"), "-D", "-N", name, "-f", str(layout.conf))
    return machine_of(layout, on, name, ((slurmd, ""),))


def machine_of(
    layout: Layout, on: Network, name: str, daemons: Sequence[tuple[Sequence[str], str]]
) -> list[str]:
    """Return the words that node.sh makes a machine by; with a daemon goes a path to wait for."""
    at = addresses(layout, on)
    # podman's images are in the cache.
    kept = [str(path) for path in (ROOT, layout.folder, cache_dir()) if path.is_dir()]
    words = [name, f"{at[name]}/{on.prefixlen}", at["login"], str(layout.run / name)]
    words.append("\n".join(kept))
    for command, wanted in daemons:
        words += [str(len(command)), wanted, *command]
    return words


def _daemon(name: str) -> str:
    return str(look_up(needed(["cluster"]))[name].path)


def require_root(target: str, note: str = "") -> None:
    """Refuse a user who may not make namespaces."""
    if os.geteuid() != 0:
        raise UnavailableError(
            "the local cluster is made of network and mount namespaces, which only root may"
            " make and end",
            hint=f"an administrator would type: sudo {target}{note}",
        )
    makes = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    hint = "it needs CAP_SYS_ADMIN and CAP_NET_ADMIN, as on the machine itself"
    printed(makes, "this root may not make namespaces", hint=hint)


@contextlib.contextmanager
def locked_for(layout: Layout) -> Iterator[None]:
    """Keep others from starting or ending the cluster."""
    # A folder that is there anyway: nothing is left of it.
    with places_named(layout.folder.parent, _REMEDY):
        make_folder(layout.folder.parent)
    with locked(layout.folder.parent):
        yield


def remove(layout: Layout) -> None:
    """End all of a cluster, also of one whose maker was killed, and leave no file."""
    processes.end_all(layout)
    remove_bridge(layout)
    for folder in (layout.run, layout.folder):
        shutil.rmtree(folder, ignore_errors=True)
