"""What the launcher has promised: the number of ranks, and their protocol."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

# Launchers that may run below Slurm: their variables then count, not Slurm's.
_INNER = {
    "mpiexec or srun": ("PMI_RANK", "PMI_SIZE"),
    "Open MPI's mpirun": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
}
_SLURM = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS")


@dataclass(frozen=True)
class Launcher:
    """Who has started this process.

    Parameters
    ----------
    name
        For messages.
    rank, size
        Of this process and of the job, as the launcher counts.
    may_be_more
        Whether MPI may have more ranks than that: a heterogeneous job, whose
        parts Slurm counts one by one.
    """

    name: str
    rank: int
    size: int
    may_be_more: bool = False

    def agrees(self, size: int) -> bool:
        """Return whether a communicator of that size is what was started."""
        return size == self.size or (self.may_be_more and size > self.size)


def launchers(environ: Mapping[str, str]) -> list[Launcher]:
    """Return who claims to have started this process, likeliest first.

    Parameters
    ----------
    environ
        The environment.

    Returns
    -------
    list of Launcher
        More than one where the variables of both are set, as by Open MPI's mpirun
        below ``srun``: MPI must agree with one.
    """
    found = []
    for name, variables in _INNER.items():
        rank, size = (_number(environ, variable) for variable in variables)
        if rank is not None and size:
            found.append(Launcher(name, rank, size))
    if found:
        return found
    rank, size = (_number(environ, variable) for variable in _SLURM)
    if rank is None or not size:
        return []
    parts = _number(environ, "SLURM_HET_SIZE") or 1
    return [Launcher("srun", rank, size, may_be_more=parts > 1)]


def _number(environ: Mapping[str, str], variable: str) -> int | None:
    text = environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() else None


def protocol(environ: Mapping[str, str]) -> str:
    """Return the protocol by which the launcher can connect the ranks, or ``none``."""
    if "PMI_FD" in environ or "PMI_PORT" in environ:
        return "PMI"
    if "PMIX_RANK" in environ:
        return "PMIx"
    return "none"


def mismatch(launcher: Launcher, size: int) -> str:
    """Return what is wrong when the numbers of ranks differ, one line.

    Parameters
    ----------
    launcher
        Who has started the ranks.
    size
        How many MPI knows of.
    """
    what = f"{launcher.name} started {launcher.size} processes"
    if size == 1:
        return f"every rank is rank 0 of 1: {what} and MPI knows of one in each"
    return f"{what} and MPI knows of {size}"


def remedy(environ: Mapping[str, str], family: str) -> str:
    """Return how to mend a mismatch, one line.

    Parameters
    ----------
    environ
        The environment.
    family
        The MPI library's: ``mpich``, ``openmpi``, ``abi`` or empty.
    """
    pmi = environ.get("PMI_FD", "")
    if pmi.isdigit() and not _is_open(int(pmi)):
        return (
            f"PMI_FD={pmi} is closed in here: have the container keep open files "
            "(podman run --preserve-fds) or start it by srun --mpi=pmi2"
        )
    below_open_mpi = "OMPI_COMM_WORLD_SIZE" in environ
    if below_open_mpi and family != "openmpi":
        return "start it by the mpiexec of the same MPI as the library, or by srun --mpi=pmi2"
    if family == "openmpi":
        return "start it by srun --mpi=pmix, or by Open MPI's own mpiexec"
    if protocol(environ) == "PMIx":
        return "this library speaks no PMIx: start it by srun --mpi=pmi2"
    return "start it by srun --mpi=pmi2, or with Cray MPICH by srun --mpi=cray_shasta"


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
