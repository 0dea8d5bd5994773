"""What belongs to one cluster, and what it is called."""

from __future__ import annotations

import hashlib
import ipaddress
import shlex
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths

CONTROLLER = "ctl"
NODES = ("n1", "n2")
# For APPTAINER_CONFIGDIR.  Containers that ranks share are named by host and process.  In
# the home folder, two clusters would use the same names, and a killed cluster would leave
# its own to the next.
ENGINE_FOLDER = "/tmp/apptainer"  # noqa: S108  # node.sh makes it
# Eight ranks and more on a node, whatever cores this machine has: tests of
# 7 + 1 ranks need them.
CPUS = 16

Network = ipaddress.IPv4Network


@dataclass(frozen=True)
class Layout:
    """The names of a cluster, all from the folder that it lies in.

    Several clusters live beside each other: each has its own bridge, and the
    ports of its daemons are in namespaces of their own.
    """

    folder: Path  # Configuration, logs, commands; seen by the nodes under the same path
    nodes: tuple[str, ...] = NODES  # The nodes' names
    servers: tuple[str, ...] = ()  # Machines beside the controller of which Slurm knows nothing

    def __post_init__(self) -> None:
        """Take a folder's real path: the same names, however the folder is spelled."""
        object.__setattr__(self, "folder", self.folder.resolve())

    @property
    def key(self) -> str:
        """Eight digits for names that are short, or seen by all the machine."""
        return hashlib.sha256(bytes(self.folder)).hexdigest()[:8]

    @property
    def run(self) -> Path:
        """Sockets and spool folders: a socket's path has at most 107 bytes."""
        return Path("/run") / f"hpcpy-cluster-{self.key}"

    @property
    def socket(self) -> Path:
        """Where munged answers."""
        return self.run / "munge.socket"

    @property
    def bridge(self) -> str:
        """The network device that joins the nodes; at most 15 bytes."""
        return f"hp{self.key}"

    def cable(self, name: str) -> str:
        """Return the bridge's end of a node's only network device."""
        return f"{self.bridge}{name}"

    @property
    def conf(self) -> Path:
        """What ``SLURM_CONF`` names."""
        return self.folder / "slurm.conf"

    @property
    def mark(self) -> Path:
        """The first file in the folder, with its path: the folder may be removed by that name."""
        return self.folder / ".hpcpy-cluster"

    @property
    def bin(self) -> Path:
        """``srun``, ``sbatch`` … that need no variable."""
        return self.folder / "bin"

    @property
    def environment(self) -> Path:
        """The file that a shell sources to have the commands."""
        return self.folder / "env"

    @property
    def logs(self) -> Path:
        """One log for each machine of it."""
        return self.folder / "logs"

    def log(self, name: str) -> Path:
        """Return the log of the controller or of a node."""
        return self.logs / f"{name}.log"


def default_layout() -> Layout:
    """Return the cluster of this checkout."""
    return Layout(paths.BUILD / "cluster")


def addresses(layout: Layout, network: Network) -> dict[str, str]:
    """Return the address of the bridge, the controller, the servers and each node."""
    known = {"login": network[1], CONTROLLER: network[2]}
    known |= {name: network[3 + index] for index, name in enumerate(layout.servers)}
    known |= {name: network[11 + index] for index, name in enumerate(layout.nodes)}
    return {name: str(address) for name, address in known.items()}


# What a user types; the commands of accounting are left out, as there is none here.
COMMANDS = (
    *("srun", "sbatch", "salloc", "sbcast", "sattach", "scancel"),
    *("squeue", "sinfo", "scontrol"),
)


def slurm_conf(layout: Layout, network: Network, memory: int) -> str:
    """Return the text of ``slurm.conf``; ``memory`` is MiB of a node."""
    at = addresses(layout, network)
    settings = {
        "ClusterName": "local",
        "SlurmctldHost": f"{CONTROLLER}({at[CONTROLLER]})",
        "AuthType": "auth/munge",
        "AuthInfo": f"socket={layout.socket}",
        "SlurmUser": "root",
        "StateSaveLocation": layout.run / "state",
        "SlurmctldPidFile": layout.run / "slurmctld.pid",
        "SlurmdSpoolDir": layout.run / "%n/spool",
        "SlurmdPidFile": layout.run / "%n/slurmd.pid",
        # No cgroups: nothing of the host's is touched, and a node's processes
        # end with its process namespace.
        "ProctrackType": "proctrack/pgid",
        # Most CPUs of a node are made up, and nothing can be bound to those.
        "TaskPlugin": "task/none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core",
        "SlurmdParameters": "config_overrides",
        "PropagateResourceLimits": "NONE",
        # What no node can ever run is refused at once; by default it waits for ever.
        "EnforcePartLimits": "ALL",
        "ReturnToService": 2,
        # A dead node is DOWN within seconds, not after Slurm's five minutes.
        "SlurmdTimeout": 5,
        "KillWait": 3,
        # Seconds, by default 10.  All nodes share this machine: a busy one took more than 20.
        "MessageTimeout": 60,
    }
    lines = [f"{name}={value}" for name, value in settings.items()]
    lines += [
        f"NodeName={name} NodeHostname={name} NodeAddr={at[name]}"
        f" Sockets=1 CoresPerSocket={CPUS} ThreadsPerCore=1 RealMemory={memory}"
        for name in layout.nodes
    ]
    nodes = ",".join(layout.nodes)
    lines.append(f"PartitionName=all Nodes={nodes} Default=YES MaxTime=INFINITE State=UP")
    return "\n".join([*lines, ""])


def node_files(layout: Layout, network: Network) -> dict[str, str]:
    """Return what the nodes have in ``/etc`` instead of the machine's, by name."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
    lines += [f"{address} {name}" for name, address in addresses(layout, network).items()]
    return {
        "hosts": "\n".join([*lines, ""]),
        # The node asks itself, where nothing listens, and fails at once.  The
        # machine's name server is out of reach: asking it takes half a minute.
        "resolv.conf": "nameserver 127.0.0.1\n",
    }


def wrapper(layout: Layout, program: str) -> str:
    """Return a script that is a command of Slurm for this cluster."""
    conf = shlex.quote(str(layout.conf))
    return f'#!/bin/sh\nSLURM_CONF={conf} exec {shlex.quote(program)} "$@"\n'


def environment(layout: Layout) -> str:
    """Return the text of a file that a shell sources to have the commands."""
    path = shlex.quote(str(layout.bin))
    return (
        f"# . this file: srun, sbatch … are the local cluster's then.\n"
        f"export SLURM_CONF={shlex.quote(str(layout.conf))}\n"
        f'export PATH={path}:"$PATH"\n'
    )


def greeting(layout: Layout, version: str) -> str:
    """Return what the user is told when the cluster is up."""
    srun, taken_in = (shlex.quote(str(path)) for path in (layout.bin / "srun", layout.environment))
    nodes = f"nodes {', '.join(layout.nodes)} of {CPUS} CPUs each"
    stop = "make cluster STOP=1"
    if layout != default_layout():
        program, folder = (shlex.quote(str(path)) for path in (paths.ROOT / "hpcpy", layout.folder))
        stop = f"{program} cluster --stop --folder={folder}"
    return (
        f"{version}: {nodes} (made up; the cores are this machine's)\n"
        f"  {srun} -N 2 hostname\n"
        f"  . {taken_in}    # then srun, sbatch, squeue are this cluster's\n"
        f"  {stop}"
    )
