"""MPI: which library, whose ABI, and whether it sees all ranks."""

from __future__ import annotations

from typing import Any

from workloads.doctor import isolated, launcher, mpi_library
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node
from workloads.parallel import launchers

_NO_LIBRARY = "put the folder of an MPI library into LD_LIBRARY_PATH before Python starts"


def check(node: Node) -> list[Finding]:
    """Look at MPI.

    Parameters
    ----------
    node
        Where to look.
    """
    if node.world.comm is not None:
        from mpi4py import MPI  # noqa: PLC0415

        return [*ranks(node), _library(dict(mpi_library.describe(MPI)))]
    if node.world.problem:
        return [*ranks(node), _absent(node.world.problem, Status.FAIL)]
    return [*ranks(node), _alone()] if node.deep else ranks(node)


def ranks(node: Node) -> list[Finding]:
    """Compare what the launcher started with what MPI sees."""
    found = launchers.claims(node.environ)
    if not found:
        return [Finding("mpi.ranks", Status.INFO, "no launcher: one process", value=1)]
    first = found[0]
    how = f"{first.name} started {first.size}, protocol {launcher.protocol(node.environ)}"
    if node.world.comm is None:
        return [Finding("mpi.ranks", Status.INFO, how, value=first.size)]
    size = node.world.comm.size
    if any(each.agrees(size) for each in found):
        return [Finding("mpi.ranks", Status.OK, f"MPI sees {size}; {how}", value=size)]
    from mpi4py import MPI  # noqa: PLC0415

    library = mpi_library.describe(MPI)
    detail = f"{launcher.mismatch(first, size)} ({library['path'] or library['version']})"
    step = launcher.remedy(node.environ, library["family"])
    return [Finding("mpi.ranks", Status.FAIL, detail, step, size)]


def _alone() -> Finding:
    try:
        answer = isolated.ask("mpi_load")
    except isolated.NoAnswerError as error:
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


def _library(found: dict[str, Any]) -> Finding:
    whose = mpi_library.whose(found["family"])
    path = found["path"] or "a library whose file cannot be told"
    detail = f"{path}: {found['version']}, MPI {found['standard']}, {whose} ABI"
    return Finding("mpi.library", Status.OK, detail, value=found)
