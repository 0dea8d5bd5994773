"""The bridge between the nodes, on addresses that nobody else has."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Iterable, Iterator

from hpcpy.cluster.layout import Layout, Network, addresses
from hpcpy.core.errors import UnavailableError

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


def routed(listed: str) -> Iterator[Network]:
    """Yield the networks of ``ip -json route``, the default route left out."""
    for route in json.loads(listed or "[]"):
        if route["dst"] != "default":
            yield ipaddress.IPv4Network(route["dst"], strict=False)


def _ip(*words: str, check: bool = True) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise UnavailableError(
            f"ip {' '.join(words)}: {done.stderr.strip()}",
            hint="the local cluster needs the kernel's bridge and veth (modprobe bridge veth)",
        )
    return done.stdout


def choose(layout: Layout) -> Network:
    """Return a network for a cluster on this machine as it is now."""
    return free_network(routed(_ip("-4", "-json", "route", "show", "table", "all")), layout.key)


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


def remove(layout: Layout) -> None:
    """Remove the bridge and what is plugged in, as far as it is there."""
    for link in json.loads(_ip("-json", "link", "show", check=False) or "[]"):
        if link["ifname"].startswith(layout.bridge):
            _ip("link", "delete", link["ifname"], check=False)
