"""What belongs to one cluster, and what it is called."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths

CONTROLLER = "ctl"
NODES = ("n1", "n2")
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
        """The first file in the folder, which says that it may be removed."""
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
