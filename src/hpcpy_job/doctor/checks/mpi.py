"""MPI: which library, whose ABI, and whether it sees all ranks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hpcpy_common import ranks
from hpcpy_job.doctor import probe, process
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node

_NO_LIBRARY = "put the folder of an MPI library into LD_LIBRARY_PATH before Python starts"
_ABIS = {"mpich": "MPICH's", "openmpi": "Open MPI's", "abi": "the MPI 5 standard's"}


def check(node: Node) -> list[Finding]:
    """Look at MPI."""
    if node.world.comm is not None:
        from mpi4py import MPI  # noqa: PLC0415

        return [_ranks(node), _library(process.describe_mpi(MPI))]
    if node.world.problem:
        return [_ranks(node), _absent(node.world.problem, Status.FAIL)]
    return [_ranks(node), _alone()] if node.deep else [_ranks(node)]


def _ranks(node: Node) -> Finding:
    """Compare what the launcher started with what MPI sees."""
    launchers = ranks.claims(node.environ)
    if not launchers and node.world.comm is not None:
        size = node.world.comm.size
        detail = f"MPI sees {size}; the launcher speaks PMIx, and names no number"
        return Finding("mpi.ranks", Status.OK, detail, value=size)
    if not launchers:
        return Finding("mpi.ranks", Status.INFO, "no launcher: one process", value=1)
    first = launchers[0]
    how = f"{first.name} started {first.size}, protocol {_protocol(node.environ)}"
    if node.world.comm is None:
        return Finding("mpi.ranks", Status.INFO, how, value=first.size)
    size = node.world.comm.size
    # More in a heterogeneous job, whose parts Slurm counts one by one.
    if any(each.size <= size for each in launchers):
        return Finding("mpi.ranks", Status.OK, f"MPI sees {size}; {how}", value=size)
    from mpi4py import MPI  # noqa: PLC0415

    library = process.describe_mpi(MPI)
    started = f"{first.name} started {first.size} processes"
    detail = f"{started} and MPI knows of {size}"
    if size == 1:
        detail = f"every rank is rank 0 of 1: {started} and MPI knows of one in each"
    detail = f"{detail} ({library['path'] or library['version']})"
    step = remedy(node.environ, library["family"])
    return Finding("mpi.ranks", Status.FAIL, detail, step, size)


def _alone() -> Finding:
    try:
        answer = probe.answer_of("mpi")
    except probe.NoAnswerError as error:
        return Finding("mpi.library", Status.WARN, f"loading it {error}", _NO_LIBRARY)
    if problem := answer.get("problem"):
        # A library that somebody has named and no program gets.
        return _absent(problem, Status.FAIL if "HPCPY_MPI" in problem else Status.INFO)
    return _library(answer["library"])


def _absent(problem: str, status: Status) -> Finding:
    is_told = "LD_LIBRARY_PATH" in problem or "HPCPY_MPI" in problem
    step = "" if is_told else _NO_LIBRARY
    if "No module" in problem:
        step = "install mpi4py into this Python"
    return Finding("mpi.library", status, f"none: {problem}", step)


def _library(library: dict[str, Any]) -> Finding:
    path = library["path"] or "a library whose file cannot be told"
    detail = (
        f"{path}: {library['version']}, MPI {library['standard']}, {_ABIS[library['family']]} ABI"
    )
    return Finding("mpi.library", Status.OK, detail, value=library)


def _protocol(environ: Mapping[str, str]) -> str:
    """Return the protocol by which the launcher can connect the ranks, or ``none``."""
    if "PMI_FD" in environ or "PMI_PORT" in environ:
        return "PMI"
    if "PMIX_RANK" in environ:
        return "PMIx"
    return "none"


def remedy(environ: Mapping[str, str], family: str) -> str:
    """Return how to mend a mismatch, one line."""
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
    if _protocol(environ) == "PMIx":
        return "this library speaks no PMIx: start it by srun --mpi=pmi2"
    return "start it by srun --mpi=pmi2, or with Cray MPICH by srun --mpi=cray_shasta"


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
