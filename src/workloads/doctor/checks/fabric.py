"""The fabric: what the node has, and what MPI takes of it."""

from __future__ import annotations

import resource

from workloads.doctor import probe, process
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

# Fabrics whose speed is lost where MPI uses TCP; not Ethernet with RDMA ("roce"), which
# is often not set up.
_FAST = frozenset({"cxi", "opx", "verbs", "efa"})
_SLOW = frozenset({"tcp", "sockets", "udp", "net"})
# Variables that change a library's choice; shown when set.
_VARIABLES = (
    "FI_PROVIDER", "FI_PROVIDER_PATH", "MPIR_CVAR_OFI_USE_PROVIDER", "MPIR_CVAR_CH4_NETMOD",
    "MPICH_OFI_NIC_POLICY", "UCX_TLS", "UCX_NET_DEVICES", "OMPI_MCA_pml", "OMPI_MCA_btl",
)  # fmt: skip
_HINTS = {
    "cxi": "inject the site's MPI and libfabric (Cray MPICH), and see that /dev/cxi* is in here",
    "opx": "see that /dev/hfi1_* is in here and that the library has opx or psm2",
    "verbs": "see that /dev/infiniband is in here and that FI_PROVIDER does not forbid verbs",
}
# Verbs pins memory: with a limit of fewer bytes it falls back or fails.
_PINNED = 64 << 20


def check(node: Node) -> list[Finding]:
    """Look at the fabric."""
    has = hardware(node)
    names = ", ".join(f"{kind} ({', '.join(devices)})" for kind, devices in has.items())
    found = [
        Finding("fabric.hardware", Status.INFO, names or "Ethernet alone, as far as /sys tells",
                value=sorted(has)),
    ]  # fmt: skip
    if settings := [f"{name}={node.environ[name]}" for name in _VARIABLES if name in node.environ]:
        found.append(Finding("fabric.settings", Status.INFO, " ".join(settings)))
    if "verbs" in has:
        found += _pinned()
    return [*found, *_use(node, has)]


def hardware(node: Node) -> dict[str, list[str]]:
    """Return the fabrics by their provider (cxi, opx, verbs, efa, roce) with their devices."""
    found: dict[str, list[str]] = {}
    for name in node.names("/sys/class/cxi"):
        found.setdefault("cxi", []).append(name)
    for name in node.names("/sys/class/infiniband"):
        folder = f"/sys/class/infiniband/{name}/ports"
        states = [node.text(f"{folder}/{port}/state") for port in node.names(folder)]
        if states and not any("ACTIVE" in state for state in states):
            continue
        layers = {node.text(f"{folder}/{port}/link_layer") for port in node.names(folder)}
        found.setdefault(_kind(name, layers), []).append(name)
    return found


def _kind(device: str, layers: set[str]) -> str:
    for prefix, kind in (("hfi1", "opx"), ("efa", "efa")):
        if device.startswith(prefix):
            return kind
    return "roce" if layers == {"Ethernet"} else "verbs"


def _pinned() -> list[Finding]:
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if limit == resource.RLIM_INFINITY or limit >= _PINNED:
        return []
    return [
        Finding(
            "fabric.pinned", Status.WARN,
            f"{limit >> 10} KiB of memory may be pinned, and InfiniBand pins its buffers",
            "ulimit -l unlimited, which Slurm passes on from where sbatch was typed",
        )
    ]  # fmt: skip


def _use(node: Node, has: dict[str, list[str]]) -> list[Finding]:
    if node.world.comm is not None:
        known = process.fabric(node.world.opened, process.mapped_files(), node.root)
    elif node.deep and not node.world.problem:
        try:
            answer = probe.ask("mpi_fabric", MPIR_CVAR_DEBUG_SUMMARY="1")
        except probe.NoAnswerError as error:
            detail = f"MPI does not start outside of a job: {error}"
            return [Finding("fabric.used", Status.INFO, detail, "look again inside of a job")]
        if "problem" in answer:
            return []
        known = answer
        if named := process.fabric_said_by_mpich(answer["said"]):
            known = {"provider": named, "how": "MPICH says so"}
    else:
        return []
    return [_verdict(known["provider"], known["how"], has)]


def _verdict(provider: str, how: str, has: dict[str, list[str]]) -> Finding:
    if not provider:
        detail = f"cannot be told: {how}"
        return Finding("fabric.used", Status.INFO, detail, value="")
    detail = f"{provider} ({how})"
    fast = [kind for kind in has if kind in _FAST]
    if fast and not _SLOW.isdisjoint(provider.split(";")):
        detail = f"{detail}, and the node has {', '.join(fast)}"
        step = _HINTS.get(fast[0], "see that the container has the fabric's devices and library")
        return Finding("fabric.used", Status.WARN, detail, step, provider)
    return Finding("fabric.used", Status.OK, detail, value=provider)
