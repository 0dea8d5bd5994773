"""Processors: what this process may use, and how the node's ranks share them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from workloads.bench import machine
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

_THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)  # fmt: skip


def check(node: Node) -> list[Finding]:
    """Look at processors, binding and threads."""
    own = frozenset(os.sched_getaffinity(0))
    return [
        *_binding(node, own),
        *_of_task(node, len(own)),
        *_namespaces(node),
        _threads(node, len(own)),
    ]


def _binding(node: Node, own: frozenset[int]) -> list[Finding]:
    online = _parsed(node.text("/sys/devices/system/cpu/online"))
    usable = machine.cores()
    quota = f", the cgroup's quota allows {usable}" if usable < len(own) else ""
    detail = f"{len(own)} of {len(online) or os.cpu_count()} cores: {_ranges(own)}{quota}"
    found = [Finding("cpu.cores", Status.OK, detail, value=usable)]
    ranks = [rank.cores for rank in node.ranks]
    if trouble := _sharing(ranks, online):
        step = "srun --cpu-bind=cores and --cpus-per-task, or mpiexec -bind-to core"
        found.append(Finding("cpu.binding", Status.WARN, trouble, step))
    elif len(ranks) > 1:
        each = "each rank has cores of its own" if len(set(ranks)) > 1 else "ranks are not bound"
        found.append(Finding("cpu.binding", Status.OK, f"{len(ranks)} ranks here: {each}"))
    return found


def _of_task(node: Node, cores: int) -> list[Finding]:
    wanted = node.number("SLURM_CPUS_PER_TASK")
    if wanted is None or cores >= wanted:
        return []
    # Since Slurm 22.05 srun does not take it from sbatch.
    return [
        Finding(
            "cpu.task", Status.WARN,
            f"SLURM_CPUS_PER_TASK is {wanted} and this rank may use {cores}",
            f"srun --cpus-per-task={wanted}: srun does not take it from sbatch",
        )
    ]  # fmt: skip


def _namespaces(node: Node) -> list[Finding]:
    if len({rank.user_namespace for rank in node.ranks}) < 2:
        return []
    return [
        Finding(
            "cpu.namespaces", Status.WARN,
            "the ranks of this node are in user namespaces of their own and cannot read "
            "each other's memory",
            "one container a node: apptainer --sharens, or podman-hpc shared-run",
        )
    ]  # fmt: skip


def _threads(node: Node, cores: int) -> Finding:
    given = {name: node.environ[name] for name in _THREADS if node.environ.get(name)}
    words = " ".join(f"{name}={value}" for name, value in given.items())
    numbers = [int(value) for value in given.values() if value.isdigit()]
    if max(numbers, default=0) > cores:
        step = f"set them to {cores}, or give the rank more cores"
        return Finding("cpu.threads", Status.WARN, f"{words}: more than the {cores} cores", step)
    if given:
        return Finding("cpu.threads", Status.OK, words)
    if "_hpcpy_importer" in sys.modules:
        return Finding("cpu.threads", Status.OK, "not set: no more than this rank's share of cores")
    if len(node.ranks) > 1 and cores > 1:
        step = "set OMP_NUM_THREADS"
        detail = f"not set: each of {len(node.ranks)} ranks may start {cores}"
        return Finding("cpu.threads", Status.WARN, detail, step)
    return Finding("cpu.threads", Status.INFO, "not set: as many as cores")


def _ranges(cores: Iterable[int]) -> str:
    """Return cores as the kernel writes them: ``0-3,8``."""
    parts: list[list[int]] = []
    for core in sorted(cores):
        if parts and core == parts[-1][1] + 1:
            parts[-1][1] = core
        else:
            parts.append([core, core])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def _parsed(text: str) -> frozenset[int]:
    """Return the cores of ``0-3,8``; none for a text that is not such a list."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            return frozenset()
        found |= {*range(int(first), int(last or first) + 1)}
    return frozenset(found)


def _sharing(ranks: Sequence[frozenset[int]], online: frozenset[int]) -> str:
    """Return how ranks get into each other's way; empty where they do not."""
    together = frozenset().union(*ranks)
    if len(ranks) < 2 or (online and all(cores >= online for cores in ranks)):
        return ""
    if len(together) < len(ranks):
        few = f"core {_ranges(together)}" if len(together) == 1 else f"cores {_ranges(together)}"
        return f"all {len(ranks)} ranks are bound to {few}"
    if len(set(ranks)) == 1:
        return ""
    taken: set[int] = set()
    twice: set[int] = set()
    for cores in ranks:
        twice |= taken & cores
        taken |= cores
    return f"ranks share cores {_ranges(twice)}" if twice else ""
