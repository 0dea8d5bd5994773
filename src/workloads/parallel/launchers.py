"""Launchers' variables: which rank this process is, of how many, and which of its node's.

They are read where MPI is not started: ``--help`` and ``--list`` need no MPI library.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple


class _Variables(NamedTuple):
    launcher: str
    rank: str
    size: str
    rank_on_node: str


# MPICH's hydra and Slurm's pmi2; Open MPI; Slurm, also with PMIx.  Slurm's are last:
# mpiexec in a batch script or below srun hands that process's numbers on to all its ranks.
_TABLE = (
    _Variables("mpiexec or srun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
    _Variables(
        "Open MPI's mpirun",
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_LOCAL_RANK",
    ),
    _Variables("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
)
# Prefixes of what connects a process with the other ranks.
_CONNECTIONS = ("PMI_", "PMI2_", "PMIX_", "OMPI_", "PRTE_", "HYDI_", "PALS_")


class Launcher(NamedTuple):
    """Who has started this process: rank and size as the launcher counts."""

    name: str
    rank: int
    size: int


def claims(environ: Mapping[str, str]) -> list[Launcher]:
    """Return who claims to have started this process, likeliest first.

    Several where the variables of several are set, as by Open MPI's mpirun below
    ``srun``: MPI must agree with one.
    """
    made: list[Launcher] = []
    for names in _TABLE:
        rank, size = _number(environ, names.rank), _number(environ, names.size)
        if rank is not None and size and not (names.launcher == "srun" and made):
            made.append(Launcher(names.launcher, rank, size))
    return made


def rank_on_node() -> int | None:
    """Return which of its node's ranks this is, from 0; None where no launcher says it."""
    numbers = [_number(os.environ, each.rank_on_node) for each in _TABLE]
    return next((number for number in numbers if number is not None), None)


def _number(environ: Mapping[str, str], name: str) -> int | None:
    found = re.fullmatch(r"[0-9]+", environ.get(name, ""))
    return int(found[0]) if found else None


def of_no_rank(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that make a process a rank."""
    own = {name for each in _TABLE for name in (each.rank, each.size)}
    others = (name for name in environ if name not in own and not name.startswith(_CONNECTIONS))
    return {name: environ[name] for name in others}
