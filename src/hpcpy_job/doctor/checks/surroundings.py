"""What surrounds Python: the container, the user, folders."""

from __future__ import annotations

import os
import pwd
import sys
import tempfile

from hpcpy_common import mounts
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node

_ENGINES = {
    "APPTAINER_CONTAINER": "Apptainer", "SINGULARITY_CONTAINER": "Singularity",
    # Shifter itself sets the first, to the image's name; some sites set the other.
    "SHIFTER_IMAGEREQUEST": "Shifter", "SHIFTER_RUNTIME": "Shifter",
    "PODMANHPC_MODULES_DIR": "podman-hpc",
}  # fmt: skip
_SHM_OF_A_RANK = 16 << 20


def check(node: Node) -> list[Finding]:
    """Look at what surrounds Python."""
    return [_container(node), _user(), _temporary(node), _shared_memory(node)]


def _container(node: Node) -> Finding:
    engine, where = "none", "in no container"
    if node.path("/run/.containerenv").exists() or node.path("/.dockerenv").exists():
        engine, where = "container", "in a container"
    for variable, name in reversed(_ENGINES.items()):
        if image := node.environ.get(variable):
            engine, where = name, f"in {name}, {image}"
    detail = f"{where}; Python {sys.version.split()[0]}, {sys.executable}"
    return Finding("python.where", Status.INFO, detail, value=engine)


def _user() -> Finding:
    number = os.getuid()
    try:
        return Finding("user.entry", Status.OK, f"{pwd.getpwuid(number).pw_name}, uid {number}")
    except KeyError:
        detail = f"uid {number} has no entry in /etc/passwd"
        step = "getpass.getuser() fails: set USER and HOME, or bind the host's passwd"
        status = Status.INFO if "USER" in os.environ else Status.WARN
        return Finding("user.entry", status, detail, step)


def _temporary(node: Node) -> Finding:
    name, given = "user.tmp", node.environ.get("TMPDIR")
    if given and not (os.path.isdir(given) and os.access(given, os.W_OK | os.X_OK)):  # noqa: PTH112
        what, step = "is not there, or not to be seen", "unset TMPDIR, or make the folder"
        if os.path.exists(given):  # noqa: PTH110  (for a closed folder: false)
            what, step = "is no folder", "unset TMPDIR, or name a folder"
        if os.path.isdir(given):  # noqa: PTH112
            what, step = "cannot be written", "unset TMPDIR, or name a folder of your own"
        return Finding(name, Status.WARN, f"TMPDIR={given} {what}", step)
    try:
        folder = tempfile.gettempdir()
    except OSError:
        return Finding(name, Status.WARN, "there is no folder for temporary files", "set TMPDIR")
    named = {node.environ.get(variable) for variable in ("TMPDIR", "TEMP", "TMP")}
    if folder not in {*named, "/tmp", "/var/tmp", "/usr/tmp"}:  # noqa: S108  (tempfile's own)
        detail = "neither /tmp nor /var/tmp can be written: files go to the working directory"
        return Finding(name, Status.WARN, detail, "set TMPDIR to a folder with room")
    kind = mounts.of(node.text("/proc/self/mountinfo"), folder)
    if mounts.is_network(kind):
        detail = f"{folder} is on {kind}: every rank's caches go there"
        return Finding(name, Status.WARN, detail, "set TMPDIR to node-local storage")
    where = f", on {kind}" if kind else ""
    return Finding(name, Status.OK, f"{folder} can be written{where}", value=folder)


def _shared_memory(node: Node) -> Finding:
    """Return whether the node's ranks have room for messages through shared memory."""
    try:
        status = os.statvfs(node.path("/dev/shm"))  # noqa: S108
    except OSError:
        step = "have the container mount one: MPI's ranks of a node talk through it"
        return Finding("node.shm", Status.WARN, "there is no /dev/shm", step)
    if status.f_flag & os.ST_RDONLY:
        step = "have the container mount it writable: MPI's ranks of a node talk through it"
        return Finding("node.shm", Status.WARN, "/dev/shm is read-only", step)  # noqa: S108
    room, needed = status.f_bavail * status.f_frsize, max(1, len(node.ranks)) * _SHM_OF_A_RANK
    if room < needed and len(node.ranks) != 1:
        step = "--ipc=host, or --shm-size (podman)"
        detail = f"only {room >> 20} MiB are free in /dev/shm"
        return Finding("node.shm", Status.WARN, detail, step, room)
    # No number in the text, so that the report can merge nodes that are alike.
    return Finding("node.shm", Status.OK, "the shared memory has room", value=room)
