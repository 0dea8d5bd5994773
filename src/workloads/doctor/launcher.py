"""Whether MPI joins the ranks as their launcher has promised, and what to do if not."""

from __future__ import annotations

import os
from collections.abc import Mapping

from workloads.parallel.launchers import Launcher


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
