"""The first process of a node: makes it a machine, then keeps its daemons.

Run as ``python3 -m hpcpy.cluster.node JSON`` in new namespaces of mounts,
network, host name, IPC and processes.  It says "ready", reads "go" when the
network device has come, and ends with the first of its daemons: the kernel
then ends all that the node runs, as at a crash.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

READY = "ready"
GO = "go"
# Folders of a node's own: ranks of two nodes must not meet in shared memory,
# nor podmans in one lock folder.
OWN = ("/tmp", "/dev/shm", "/run/containers", "/run/user")  # noqa: S108
_OPEN = ("/tmp", "/dev/shm")  # noqa: S108
# For APPTAINER_CONFIGDIR.  Containers that ranks share are named by host and process.  In
# the home folder, two clusters would use the same names, and a killed cluster would leave
# its own to the next.
ENGINE_FOLDER = "/tmp/apptainer"  # noqa: S108
# In the environment of every daemon and of no job: no file has to be kept of
# their ids, so that none can be wrong after a kill.
MARK = "HPCPY_CLUSTER_OF"
_DAEMON_ENVIRONMENT = ("PATH", "LANG", MARK)
_SECONDS = 20.0


@dataclasses.dataclass(frozen=True)
class Node:
    """What makes a machine of a process."""

    name: str  # Its host name
    address: str  # With the length of the network's prefix
    gateway: str  # Where packets to elsewhere go; nobody forwards them
    folder: str  # A folder of the host's for its own files
    files: Sequence[tuple[str, str]]  # What becomes a file of the machine's: its path, then ours
    kept: Sequence[str]  # Folders to be seen under the same path, also below one of `OWN`
    # Each a command, and a path that is there before the next one starts, or an empty string.
    daemons: Sequence[tuple[Sequence[str], str]]


def network_commands(node: Node) -> list[list[str]]:
    """Return the commands that bring the node's devices up."""
    return [
        ["hostname", node.name],
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", node.address, "dev", "eth0"],
        ["ip", "link", "set", "eth0", "up"],
        # What asks "which address would I send from" (Dask) has its answer.
        ["ip", "route", "add", "default", "via", node.gateway],
    ]


def last_number(node: Node, most: int) -> int:
    """Return the process number after which this node's numbers start, below `most`.

    Apptainer names the cgroup of ranks that share a mount by the number of a process,
    and all nodes have the machine's cgroups: with the same numbers, one node's could not
    be removed while another's process was in it.
    """
    cluster = zlib.crc32(os.fsencode(Path(node.folder).parent))
    which = int(node.address.partition("/")[0].rpartition(".")[2])
    # By the golden ratio, consecutive ones lie far apart, however many there are.
    return 300 + (cluster + which * most * 618 // 1000) % (most - 300)


def mount_commands(node: Node, there: frozenset[str]) -> list[list[str]]:
    """Return the commands that give the node file systems of its own, for paths that are there."""
    aside = f"{node.folder}/aside"
    hidden = [path for path in node.kept if any(Path(path).is_relative_to(own) for own in OWN)]
    commands = []
    for index, path in enumerate(hidden):
        commands.append(["mkdir", "-p", f"{aside}/{index}"])
        commands.append(["mount", "--rbind", path, f"{aside}/{index}"])
    for own in OWN:
        if own in there:
            mode = "1777" if own in _OPEN else "755"
            commands.append(["mount", "-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", own])
    if "/tmp" in there:  # noqa: S108
        commands.append(["mkdir", "-m", "700", ENGINE_FOLDER])
    for index, path in enumerate(hidden):
        commands.append(["mkdir", "-p", path])
        commands.append(["mount", "--rbind", f"{aside}/{index}", path])
    if "/dev/mqueue" in there:
        commands.append(["mount", "-t", "mqueue", "mqueue", "/dev/mqueue"])
    # /run may forbid to execute, and batch scripts are executed from here.
    spool = f"{node.folder}/spool"
    commands.append(["mkdir", "-p", spool])
    commands.append(["mount", "-t", "tmpfs", "-o", "mode=755,exec", "tmpfs", spool])
    # /sys/class/net is of the namespace that /sys was mounted in.
    commands.append(["mkdir", "-p", f"{aside}/cgroup"])
    commands.append(["mount", "--rbind", "/sys/fs/cgroup", f"{aside}/cgroup"])
    commands.append(["mount", "-t", "sysfs", "sysfs", "/sys"])
    commands.append(["mount", "--rbind", f"{aside}/cgroup", "/sys/fs/cgroup"])
    commands += [["mount", "--bind", ours, path] for path, ours in node.files if path in there]
    return commands


def _start(node: Node) -> dict[int, subprocess.Popen[bytes]]:
    """Start the daemons, in their order; return them by process.

    The caller keeps them: a Popen object that is collected reaps its ended process.
    """
    env = {name: os.environ[name] for name in _DAEMON_ENVIRONMENT if name in os.environ}
    started = {}
    for command, wanted in node.daemons:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=env)
        started[process.pid] = process
        end = time.monotonic() + _SECONDS
        while wanted and not Path(wanted).exists():
            if process.poll() is not None or time.monotonic() > end:
                raise OSError(f"{command[0]} has not made {wanted}")
            time.sleep(0.01)
    return started


def main(text: str) -> int:
    """Be a node until one of its daemons ends."""
    node = Node(**json.loads(text))
    print(READY, flush=True)
    # The end of the pipe: whoever starts the cluster has been stopped.
    if sys.stdin.readline().strip() != GO:
        return 1
    os.dup2(2, 1)
    asked = (*OWN, "/dev/mqueue", *(path for path, _ in node.files))
    there = frozenset(path for path in asked if Path(path).exists())
    for command in [*network_commands(node), *mount_commands(node, there)]:
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    # A kernel without CONFIG_CHECKPOINT_RESTORE does not have it.
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(last_number(node, most)))
    daemons = _start(node)
    # As the first process of its namespace it has to reap orphans, too.
    while True:
        process, status = os.wait()
        if process in daemons:
            code = os.waitstatus_to_exitcode(status)
            name = Path(node.daemons[list(daemons).index(process)][0][0]).name
            print(f"{node.name}: {name} ended with {code}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"cluster node: {error}")
