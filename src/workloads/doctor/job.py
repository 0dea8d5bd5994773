"""Look at all nodes of a job, by one process a node."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from workloads.doctor import process
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node, RankFacts, World, facts_of_this_rank
from workloads.parallel import ranks

Look = Callable[[Node], list[Finding]]
Tell = Callable[["Report"], object]


@dataclass(frozen=True)
class Report:
    """What was found, each finding once, with the nodes it was found on.

    Parameters
    ----------
    hosts
        All nodes.
    findings
        In the order of the report.
    """

    hosts: tuple[str, ...]
    findings: tuple[tuple[Finding, tuple[str, ...]], ...]

    @property
    def failed(self) -> bool:
        """Whether anything fails."""
        return any(finding.status is Status.FAIL for finding, _ in self.findings)


def start_mpi() -> World:
    """Start MPI in this process, as the import of mpi4py's module does.

    It is not started where MPI4PY_RC_INITIALIZE forbids mpi4py to.
    """
    before = process.open_files()
    try:
        from mpi4py import MPI  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        return World(problem=str(error).splitlines()[0])
    if not MPI.Is_initialized():
        return World()
    return World(MPI.COMM_WORLD, opened=process.open_files() - before)


def host() -> str:
    """Return this node's name."""
    return os.environ.get("SLURMD_NODENAME") or os.uname().nodename


def alone(look: Look, node: Node) -> Report:
    """Look at this node from this process alone."""
    return merged([(host(), look(node))])


def together(look: Look, tell: Tell, world: World, *, deep: bool) -> bool:
    """Look at every node, from the first rank on each.

    All ranks call this; they wait without keeping a core busy.
    """
    from mpi4py import MPI  # noqa: PLC0415

    comm = world.comm
    local = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
    facts: list[RankFacts] | None = local.gather(facts_of_this_rank())
    leads = local.rank == 0
    leaders = comm.Split(0 if leads else MPI.UNDEFINED, comm.rank)
    report = None
    if leads:
        found = look(Node(deep=deep, world=world, ranks=tuple(facts or ())))
        # Those that are done first wait for the slowest node.
        ranks.idle_barrier(leaders)
        everything = leaders.gather((host(), found))
        report = merged(everything) if everything is not None else None
        leaders.Free()
    if report is not None:
        tell(report)
    # A broadcast alone might come late: MPI may keep it until its root calls MPI again.
    ranks.idle_barrier(comm)
    failed = bool(comm.allreduce(report is not None and report.failed, MPI.LOR))
    local.Free()
    return failed


def merged(found: list[tuple[str, list[Finding]]]) -> Report:
    """Merge the findings of several nodes."""
    hosts: dict[Finding, list[str]] = {}
    for name, findings in found:
        for finding in findings:
            hosts.setdefault(finding, []).append(name)
    groups = list(dict.fromkeys(finding.name for finding in hosts))
    rows = sorted(hosts.items(), key=lambda row: groups.index(row[0].name))
    return Report(
        tuple(dict.fromkeys(name for name, _ in found)),
        tuple((finding, tuple(dict.fromkeys(names))) for finding, names in rows),
    )
