"""What this machine has: cores, memory, its name; read from the kernel."""

from __future__ import annotations

import functools
import math
import os
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from workloads.parallel import ranks

_PACKAGES = (
    "numpy", "numba", "llvmlite", "mpi4py", "h5py", "cython", "pyopencl", "cupy-cuda12x",
    "cupy-cuda13x", "numba-cuda", "cuda-bindings", "matplotlib", "tqdm",
)  # fmt: skip


def cores() -> int:
    """Return how many cores this process may use.

    Those of the affinity mask, or the cgroup's quota where that is tighter:
    neither ``os.cpu_count`` nor ``os.process_cpu_count`` looks at the quota.
    """
    return place().cores()


class Place(NamedTuple):
    """Where a process may run.

    Parameters
    ----------
    node
        The machine's name.
    allowed
        The numbers of the cores in its affinity mask.
    quota
        Of its cgroup, in cores; 0 without one.
    """

    node: str
    allowed: frozenset[int]
    quota: float

    def cores(self) -> int:
        """Return how many cores the process may use: at least 1, a quota rounded up."""
        count = len(self.allowed)
        return max(1, min(count, math.ceil(self.quota))) if self.quota else count


@functools.cache
def load_before() -> float:
    """Return the last minute's load average when this was first called: before anything runs.

    It counts processes that run or wait for a core or disk.
    """
    return round(os.getloadavg()[0], 2)


def others() -> int:
    """Return how many other processes and threads of this machine compute now.

    The load average would count those of the command before this one for a minute. The
    least of ten counts leaves out what computes for some milliseconds.
    """
    counts = []
    for _ in range(10):
        time.sleep(0.01)
        running, _, _ = Path("/proc/loadavg").read_text().split()[3].partition("/")
        counts.append(int(running) - 1)
    return max(0, min(counts))


def place() -> Place:
    """Return where this process may run."""
    return Place(os.uname().nodename, frozenset(os.sched_getaffinity(0)), _cgroup_quota())


def with_a_core(places: Iterable[Place]) -> int:
    """Return how many of these processes can have a core each.

    Parameters
    ----------
    places
        Where each of them may run; those of a node share its cores.
    """
    nodes: dict[str, list[Place]] = {}
    for one in places:
        nodes.setdefault(one.node, []).append(one)
    found = 0
    for those in nodes.values():
        # Launchers bind each rank to cores of its own, or bind none: the union counts.
        allowed = frozenset().union(*(one.allowed for one in those))
        there = those[0]._replace(allowed=allowed, quota=max(one.quota for one in those))
        found += min(len(those), there.cores())
    return found


def _cgroup_quota() -> float:
    try:
        own = Path("/proc/self/cgroup").read_text().rpartition("::")[2].strip()
    except OSError:
        return 0.0
    quotas = []
    group = Path("/sys/fs/cgroup") / own.lstrip("/")
    # The tightest limit on the way up to the root counts.
    for folder in (group, *group.parents):
        try:
            limit, period = (folder / "cpu.max").read_text().split()
        except (OSError, ValueError):
            continue
        if limit != "max":
            quotas.append(int(limit) / int(period))
    return min(quotas, default=0.0)


def available_memory() -> int:
    """Return the bytes that are available without swapping; 0 if the kernel does not say."""
    return _first_kib("/proc/meminfo", "MemAvailable:")


def _first_kib(path: str, key: str) -> int:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), 0)


def _processor() -> str:
    try:
        return named(Path("/proc/cpuinfo").read_text())
    except OSError:
        return "unknown"


def named(cpuinfo: str) -> str:
    """Return the kernel's name of the processor with its family and model.

    A virtual machine's name may be ``AMD EPYC`` whatever the generation.

    Parameters
    ----------
    cpuinfo
        The text of ``/proc/cpuinfo``.
    """
    first, _, _ = cpuinfo.partition("\n\n")
    lines = (line.partition(":") for line in first.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines}
    # Arm processors have no name there, but numbers of their maker and of the part.
    known = ("cpu family", "model", "CPU implementer", "CPU part")
    numbers = ", ".join(f"{name} {fields[name]}" for name in known if name in fields)
    name = fields.get("model name", "unknown")
    return f"{name} ({numbers})" if numbers else name


def describe() -> dict[str, object]:
    """Return what a JSON report says of the machine."""
    system = os.uname()
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_bytes": _first_kib("/proc/meminfo", "MemTotal:"),
        "kernel": f"{system.sysname} {system.release}",
        "architecture": system.machine,
        "ranks": ranks.expected(),
        "nvidia_driver": _nvidia_driver(),
    }


def _nvidia_driver() -> str:
    try:
        text = Path("/proc/driver/nvidia/version").read_text()
    except OSError:
        return ""
    return next(iter(re.findall(r"\d+\.[\d.]+", text)), "")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages the techniques use."""
    # Its import takes some 40 ms, and only a report asks.
    from importlib import metadata  # noqa: PLC0415

    found = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
