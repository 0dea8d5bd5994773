"""The fabric: what the node has, and what MPI takes of it."""

from __future__ import annotations

import resource
from dataclasses import asdict

from hpcpy_job.doctor import network, process
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node

# Fabrics whose speed is lost where MPI uses TCP; not Ethernet with RDMA ("roce"), which
# is often not set up.
_FAST = frozenset({"cxi", "opx", "verbs", "efa"})
_SLOW = frozenset({"tcp", "sockets", "udp", "net"})
_HINTS = {
    "cxi": "take the site's libfabric or its MPI, and see that /dev/cxi* is in here",
    "opx": "take the site's libfabric or its MPI, and see that /dev/hfi1_* is in here",
    "verbs": (
        "take the site's libfabric or its MPI, see that /dev/infiniband is in here "
        "and that FI_PROVIDER does not forbid verbs"
    ),
}
# Verbs pins memory: with a limit of fewer bytes it falls back or fails.
_PINNED = 64 << 20


def check(node: Node) -> list[Finding]:
    """Look at the fabric."""
    has = _hardware(node)
    names = ", ".join(f"{kind} ({', '.join(devices)})" for kind, devices in has.items())
    detail = names or "Ethernet alone, as far as /sys tells"
    findings = [Finding("fabric.hardware", Status.INFO, detail, value=sorted(has))]
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if "verbs" in has and limit != resource.RLIM_INFINITY and limit < _PINNED:
        detail = f"{limit >> 10} KiB of memory may be pinned, and InfiniBand pins its buffers"
        step = "ulimit -l unlimited, which Slurm passes on from where sbatch was typed"
        findings.append(Finding("fabric.pinned", Status.WARN, detail, step))
    if node.world.comm is not None:
        used = process.fabric(node.world.opened, process.mapped_files(), node.root)
        if node.speed is not None:
            used["how"] = f"{node.speed} between nodes; {used['how']}"
        findings.append(_verdict(used["provider"], used["how"], has))
        findings += [*_library(node), *_memory(node), *_speed(node)]
    return findings


def _library(node: Node) -> list[Finding]:
    """Tell which libfabric or UCX MPI has loaded."""
    libraries = network.libraries(process.mapped_files(), node.root)
    detail = ", ".join(map(str, libraries)) or "none: what MPI needs is in its own library"
    value = [asdict(library) for library in libraries]
    return [Finding("fabric.library", Status.INFO, detail, value=value)]


def _memory(node: Node) -> list[Finding]:
    """Tell whether ranks of a node share memory."""
    if len(node.ranks) < 2:
        return []
    is_shared = bool(network.shared_memory(node.world.opened))
    detail = "the ranks of a node talk by shared memory"
    if not is_shared:
        detail = "no shared memory of the ranks of a node was found"
    return [Finding("fabric.memory", Status.INFO, detail, value=is_shared)]


def _speed(node: Node) -> list[Finding]:
    if node.speed is None:
        return []
    detail = f"{node.speed} between {' and '.join(node.speed.nodes)}"
    return [Finding("fabric.speed", Status.INFO, detail, value=asdict(node.speed))]


def _hardware(node: Node) -> dict[str, list[str]]:
    """Return the fabrics by their provider (cxi, opx, verbs, efa, roce) with their devices."""
    fabrics: dict[str, list[str]] = {}
    for name in node.names("/sys/class/cxi"):
        fabrics.setdefault("cxi", []).append(name)
    for name in node.names("/sys/class/infiniband"):
        folder = f"/sys/class/infiniband/{name}/ports"
        ports = node.names(folder)
        if ports and not any("ACTIVE" in node.text(f"{folder}/{port}/state") for port in ports):
            continue
        layers = {node.text(f"{folder}/{port}/link_layer") for port in ports}
        kind = "roce" if layers == {"Ethernet"} else "verbs"
        if name.startswith("hfi1"):
            kind = "opx"
        elif name.startswith("efa"):
            kind = "efa"
        fabrics.setdefault(kind, []).append(name)
    return fabrics


def _verdict(provider: str, how: str, has: dict[str, list[str]]) -> Finding:
    if not provider:
        detail = f"cannot be told: {how}"
        return Finding("fabric.used", Status.INFO, detail, value="")
    detail = f"{provider} ({how})"
    fast = [kind for kind in has if kind in _FAST]
    if fast and not _SLOW.isdisjoint(provider.split(";")):
        detail = f"{detail}; the node has {', '.join(fast)}, which is not used"
        step = _HINTS.get(fast[0], "see that the container has the fabric's devices and library")
        return Finding("fabric.used", Status.WARN, detail, step, provider)
    return Finding("fabric.used", Status.OK, detail, value=provider)
