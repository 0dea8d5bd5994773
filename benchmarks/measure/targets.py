"""Where Python is started: in a container, and on the host's own disk."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.engine.setup import ensure
from measure.running import output

# Where programs find the scripts, whatever they run in.
WORK = Path("/mnt")
PYTHON = "/opt/hpcpy/bin/python3"
# libfabric takes an address of the machine even where nothing is sent: one of a network
# that ends meanwhile (a local cluster's) breaks MPI_Finalize.  MPICH's own libfabric
# takes the provider `sockets`, others `tcp`.
_OWN_NETWORK = {"FI_SOCKETS_IFACE": "lo", "FI_TCP_IFACE": "lo"}

# $0 becomes /, its /mnt the folder $1.  It has a mount namespace of its own, so
# that nothing stays mounted; in all else it is no container.
_CHANGE_ROOT = f"""
for folder in proc sys dev; do mount --rbind "/$folder" "$0/$folder" || exit; done
mount --bind "$1" "$0{WORK}" || exit
shift
exec chroot "$0" "$@"
"""


@dataclass(frozen=True)
class Target:
    """One interpreter at one place: `starter` comes before the program on its command line."""

    name: str
    program: str
    starter: Sequence[str] = ()

    def command(self, arguments: Sequence[str], program: str = "") -> list[str]:
        """Return what starts the interpreter, or another program there."""
        return [*self.starter, program or self.program, *arguments]


def container(name: str, sif: Path, work: Path) -> Target:
    """Return the interpreter of an image inside ``apptainer exec``.

    Without the caller's home: Dask reads what lies in its ``.config``.
    """
    # A setuid Apptainer cannot be traced by an ordinary user.
    as_user = [] if os.geteuid() == 0 else ["--userns"]
    starter = [
        *(str(ensure("apptainer")["apptainer"].path), "exec", *as_user),
        *("--cleanenv", "--no-home"),
        *("--env", ",".join(f"{name}={value}" for name, value in _OWN_NETWORK.items())),
        *("--bind", f"{work}:{WORK}", "--pwd", str(WORK), str(sif)),
    ]
    return Target(name, PYTHON, starter)


def unpacked(
    name: str, root: Path, work: Path, variables: Mapping[str, str], program: str = PYTHON
) -> Target:
    """Return an interpreter of an unpacked image, outside of any container.

    Its root folder is changed, nothing else: its C library may be newer than
    the host's, and its paths are as in the image.
    """
    as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    given = [f"{name}={value}" for name, value in variables.items()]
    starter = [
        *("unshare", "--mount", *as_user, "sh", "-c", _CHANGE_ROOT, str(root), str(work)),
        *("env", "--ignore-environment", f"--chdir={WORK}", *given),
    ]
    return Target(name, program, starter)


def image_variables(target: Target) -> dict[str, str]:
    """Return the variables that an image sets, without the engine's own."""
    printed = output(target.command(["-0"], program="env"), target.name)
    variables = dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)
    engines = ("APPTAINER_", "SINGULARITY_", "LD_LIBRARY_PATH", "PS1", "PROMPT_COMMAND", "PWD")
    return {name: value for name, value in variables.items() if not name.startswith(engines)}
