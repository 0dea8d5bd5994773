"""What this machine has: cores, memory, GPUs, its name; and what this process has used of it."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import os
import pwd
import re
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hpcpy_common import ranks
from hpcpy_common.errors import UsageError

_PACKAGES = (
    "numpy", "numba", "llvmlite", "mpi4py", "h5py", "cython", "pyopencl", "cupy-cuda12x",
    "cupy-cuda13x", "numba-cuda", "cuda-bindings", "matplotlib", "tqdm",
)  # fmt: skip

_PROC, _CGROUPS = Path("/proc/self"), Path("/sys/fs/cgroup")
# A cgroup's files of a limit and of what is used, and a line of memory.stat.
_MEMORY = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.high", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class Place(NamedTuple):
    """Where a process may run."""

    node: str  # the machine's name
    allowed: frozenset[int]  # the numbers of the cores in its affinity mask
    quota: float  # of its cgroup, in cores; 0 without one

    def cores(self) -> int:
        """Return how many cores the process may use: at least 1, a quota rounded up."""
        count = len(self.allowed)
        return max(1, min(count, math.ceil(self.quota))) if self.quota else count


def place() -> Place:
    """Return where this process may run."""
    return Place(os.uname().nodename, frozenset(os.sched_getaffinity(0)), _cgroup_quota())


def cores() -> int:
    """Return how many cores this process may use; ``os.cpu_count`` knows no cgroup's quota."""
    return place().cores()


def cores_of(places: Iterable[Place]) -> int:
    """Return how many of the processes in these places can have a core each."""
    places, total = list(places), 0
    for node in {each.node for each in places}:
        own = [each for each in places if each.node == node]
        # Launchers bind each rank to cores of its own, or bind none: the union counts.
        allowed = frozenset().union(*(each.allowed for each in own))
        quota = max(each.quota for each in own)
        total += min(len(own), Place(node, allowed, quota).cores())
    return total


def share(places: Sequence[Place]) -> int:
    """Return how many cores each of a node's processes has, in the places of all of them."""
    allowed = frozenset().union(*(each.allowed for each in places))
    return max(1, places[0]._replace(allowed=allowed).cores() // len(places))


def _cgroup_quota() -> float:
    quotas = []
    # The tightest limit on the way up to the root counts.
    for folder in _cgroups("cpu"):
        limit, _, period = _read(folder / "cpu.max").partition(" ")
        if limit.isdecimal():
            quotas.append(int(limit) / int(period))
    return min(quotas, default=0.0)


def _cgroups(controller: str) -> list[Path]:
    """Return the folders of this process's cgroups, of version 2 and 1, and of those above."""
    folders: list[Path] = []
    for line in _read(_PROC / "cgroup").splitlines():
        _, controllers, own = line.split(":", 2)
        if not controllers or controller in controllers.split(","):
            group = _CGROUPS / (controllers and controller) / own.lstrip("/")
            folders += (group, *group.parents)
    return folders


@functools.cache
def load_before() -> float:
    """Return the last minute's load average when this was first called: before anything runs."""
    return round(os.getloadavg()[0], 2)


def forget_peak() -> bool:
    """Forget this process's peak of memory so far; return whether the kernel does that."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # proc_pid_clear_refs(5)
    except OSError:
        return False
    return True


def peak_memory() -> list[tuple[int, str]]:
    """Return the peak bytes of this process, then of its descendants, and of which kind each is.

    "PSS" has a share of each page that several processes have; "RSS", where the kernel does not
    tell PSS, has all of it.
    """
    peaks = []
    for process in _descendants(os.getpid()):
        # Not ru_maxrss: that covers a whole life, and a child's begins with its parent's.
        peak = _kib(f"/proc/{process}/status", "VmHWM:")
        # The kernel has no peak of PSS: what is shared now was so at the peak.
        rss, pss = (_kib(f"/proc/{process}/smaps_rollup", key) for key in ("Rss:", "Pss:"))
        peaks.append((peak - max(0, rss - pss), "PSS" if pss else "RSS"))
    return [peak for peak in peaks if peak[0] > 0]


def _descendants(process: int | str) -> Iterator[int | str]:
    yield process
    for thread in Path(f"/proc/{process}/task").glob("[0-9]*"):
        for child in _read(thread / "children").split():
            yield from _descendants(child)


def available_memory() -> int:
    """Return the bytes that this process can take without swapping; 0 if the kernel says nothing.

    The least counts: of the machine, of a cgroup, of a limit (``ulimit -v`` and ``-d``).
    """
    rooms = [_kib("/proc/meminfo", "MemAvailable:") or math.inf, *_cgroup_rooms()]
    for kind, used in ((resource.RLIMIT_AS, "VmSize:"), (resource.RLIMIT_DATA, "VmData:")):
        if (most := resource.getrlimit(kind)[0]) != resource.RLIM_INFINITY:
            rooms.append(most - _kib("/proc/self/status", used))
    return 0 if min(rooms) == math.inf else max(1, int(min(rooms)))


def require_memory(need: int, option: str, where: str = "") -> None:
    """Raise a UsageError for what an option needs, if there is less: the kernel would kill it."""
    there = available_memory()
    if there and need > there:
        unit, size = ("GiB", 2**30) if need >= 2**30 else ("MiB", 2**20)
        needed = f"{need / size:,.1f} {unit} of memory{where}"
        raise UsageError(f"{option} needs {needed}, {there / size:,.1f} are available")


def _cgroup_rooms() -> Iterator[int]:
    """Yield the bytes below each limit of a cgroup, without a file's pages that can be dropped."""
    for folder, names in itertools.product(_cgroups("memory"), _MEMORY):
        limit, usage, cached = names
        most, used = (_read(folder / name).strip() for name in (limit, usage))
        if most.isdecimal() and used.isdecimal():
            lines = map(str.split, _read(folder / "memory.stat").splitlines())
            yield int(most) - int(used) + sum(int(size) for name, size in lines if name == cached)


def _kib(path: str, key: str) -> int:
    lines = _read(Path(path)).splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), 0)


def _read(path: Path) -> str:
    """Return a file's text; empty where there is none, as of a process that has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


def no_cuda_device() -> str:
    """Return why no CUDA kernel can run here, or an empty string; import nothing."""
    # Numbered by card; under WSL there is one device for all.
    devices = Path("/dev")
    if any(devices.glob("nvidia[0-9]*")) or (devices / "dxg").exists():
        return ""
    return "no CUDA device: run with --nv on a GPU node"


def no_opencl_driver() -> str:
    """Return why no OpenCL driver can be found, or an empty string; load none."""
    vendors = Path(os.environ.get("OCL_ICD_VENDORS", "/etc/OpenCL/vendors"))
    if vendors.suffix == ".icd" or os.environ.get("OCL_ICD_FILENAMES"):
        return ""
    return "" if any(vendors.glob("*.icd")) else f"no OpenCL driver is registered in {vendors}"


def _processor() -> str:
    """Return the processor's name and numbers: a virtual machine may name no generation."""
    first, _, _ = _read(Path("/proc/cpuinfo")).partition("\n\n")
    pairs = (line.partition(":") for line in first.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    # Arm's have no name there.
    known = ("cpu family", "model", "CPU implementer", "CPU part")
    numbers = ", ".join(f"{name} {fields[name]}" for name in known if name in fields)
    return f"{fields.get('model name', 'unknown')} ({numbers})"


def describe() -> dict[str, object]:
    """Return what a JSON report says of the machine."""
    system = os.uname()
    driver = re.search(r"\d+\.[\d.]+", _read(Path("/proc/driver/nvidia/version")))
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_bytes": _kib("/proc/meminfo", "MemTotal:"),
        "kernel": f"{system.sysname} {system.release}",
        "architecture": system.machine,
        "ranks": ranks.expected(),
        "nvidia_driver": driver[0] if driver else "",
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages the techniques use."""
    # Its import takes some 40 ms, and only a report asks.
    from importlib import metadata  # noqa: PLC0415

    packages = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            packages[package] = metadata.version(package)
    return packages


def user_name(uid: int) -> str:
    """Return a user's name, or the number of one without."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
