"""What Slurm, the nodes and the user's shell read: text from names."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from hpcpy.cluster.layout import CONTROLLER, CPUS, Layout, Network, addresses

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


def files(layout: Layout, network: Network) -> dict[str, str]:
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


def variables(layout: Layout, around: Mapping[str, str]) -> dict[str, str]:
    """Return a program's variables with those that `environment` sets in a shell."""
    path = f"{layout.bin}{os.pathsep}{around.get('PATH', os.defpath)}"
    return {**around, "SLURM_CONF": str(layout.conf), "PATH": path}


def greeting(layout: Layout, version: str) -> str:
    """Return what the user is told when the cluster is up."""
    srun, taken_in = (shlex.quote(str(path)) for path in (layout.bin / "srun", layout.environment))
    nodes = f"nodes {', '.join(layout.nodes)} of {CPUS} CPUs each"
    return (
        f"{version}: {nodes} (made up; the cores are this machine's)\n"
        f"  {srun} -N 2 hostname\n"
        f"  . {taken_in}    # then srun, sbatch, squeue are this cluster's\n"
        f"  make cluster-stop"
    )
