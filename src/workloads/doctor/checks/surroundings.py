"""What surrounds Python: the container, the user, folders, packages that leak in."""

from __future__ import annotations

import importlib.util
import os
import pwd
import sys
import tempfile
from pathlib import Path

from workloads.doctor import mounts
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node

# Packages that must be the image's: other builds break MPI and arrays.
_OURS = ("numpy", "mpi4py", "h5py")
_ENGINES = {
    "APPTAINER_CONTAINER": "Apptainer", "SINGULARITY_CONTAINER": "Singularity",
    # Shifter itself sets the first, to the image's name; some sites set the other.
    "SHIFTER_IMAGEREQUEST": "Shifter", "SHIFTER_RUNTIME": "Shifter",
    "PODMANHPC_MODULES_DIR": "podman-hpc",
}  # fmt: skip
_SHM_OF_A_RANK = 16 << 20


def check(node: Node) -> list[Finding]:
    """Look at what surrounds Python."""
    return [_container(node), _user(), _temporary(node), *_shared(node),
            *_packages(node)]  # fmt: skip


def _container(node: Node) -> Finding:
    where = f"Python {sys.version.split()[0]}, {sys.executable}"
    for variable, engine in _ENGINES.items():
        if node.environ.get(variable):
            detail = f"in {engine}, {node.environ[variable]}; {where}"
            return Finding("python.where", Status.INFO, detail, value=engine)
    if node.path("/run/.containerenv").exists() or node.path("/.dockerenv").exists():
        return Finding("python.where", Status.INFO, f"in a container; {where}", value="container")
    return Finding("python.where", Status.INFO, f"in no container; {where}", value="none")


def _user() -> Finding:
    number = os.getuid()
    try:
        return Finding("user.entry", Status.OK, f"{pwd.getpwuid(number).pw_name}, uid {number}")
    except KeyError:
        detail = f"uid {number} has no entry in /etc/passwd"
        step = "getpass.getuser() fails: set USER and HOME, or bind the host's passwd"
        return Finding(
            "user.entry", Status.INFO if "USER" in os.environ else Status.WARN, detail, step
        )


def _on(kind: str) -> str:
    return f", on {kind}" if kind else ""


def _temporary(node: Node) -> Finding:
    name, given = "user.tmp", node.environ.get("TMPDIR")
    if given and not os.access(given, os.W_OK | os.X_OK):
        what = "cannot be written" if Path(given).is_dir() else "is not there"
        return Finding(
            name, Status.WARN, f"TMPDIR={given} {what}", "unset TMPDIR, or make the folder"
        )
    try:
        folder = tempfile.gettempdir()
    except OSError:
        return Finding(name, Status.WARN, "there is no folder for temporary files", "set TMPDIR")
    kind = mounts.of(node.text("/proc/self/mountinfo"), folder)
    if mounts.is_network(kind):
        detail = f"{folder} is on {kind}: every rank's caches go there"
        return Finding(name, Status.WARN, detail, "set TMPDIR to node-local storage")
    return Finding(name, Status.OK, f"{folder} can be written{_on(kind)}", value=folder)


def _shared(node: Node) -> list[Finding]:
    """Return whether the node's ranks have room for messages through shared memory."""
    try:
        status = os.statvfs(node.path("/dev/shm"))  # noqa: S108
    except OSError:
        step = "have the container mount one: MPI's ranks of a node talk through it"
        return [Finding("node.shm", Status.WARN, "there is no /dev/shm", step)]
    room, needed = status.f_bavail * status.f_frsize, max(1, len(node.ranks)) * _SHM_OF_A_RANK
    if room < needed and len(node.ranks) != 1:
        step = "--ipc=host, or --shm-size (podman)"
        detail = f"only {room >> 20} MiB are free in /dev/shm"
        return [Finding("node.shm", Status.WARN, detail, step, room)]
    # No number in the text, so that the report can merge nodes that are alike.
    return [Finding("node.shm", Status.OK, "the shared memory has room", value=room)]


def _packages(node: Node) -> list[Finding]:
    """Return the packages that come from the user's folders."""
    local = Path(os.path.expanduser("~"), ".local")  # noqa: PTH111
    leaks = [Path(part) for part in node.environ.get("PYTHONPATH", "").split(":") if part]
    found = []
    for name in _OURS:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError) as error:
            detail = f"{name} cannot be found: {error}"
            found.append(Finding("python.packages", Status.WARN, detail))
            continue
        origin = Path((spec.origin or "") if spec is not None else "")
        if origin.is_relative_to(local) or any(origin.parent == leak / name for leak in leaks):
            # A PYTHONPATH may name this Python's own folder.
            if origin.is_relative_to(sys.base_prefix):
                continue
            step = "unset PYTHONPATH, set PYTHONNOUSERSITE=1"
            detail = f"{name} comes from {origin}"
            found.append(Finding("python.packages", Status.WARN, detail, step))
    return found
