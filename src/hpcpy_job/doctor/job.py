"""Look at all nodes of a job, by one process a node, and report it once."""

from __future__ import annotations

import os
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from hpcpy_common import ranks
from hpcpy_job.doctor import ping, process
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node, World, facts_of_this_rank

Look = Callable[[Node], list[Finding]]
Show = Callable[["Report"], object]

_SIGNS = {Status.OK: "✓", Status.INFO: "·", Status.WARN: "!", Status.FAIL: "✗"}
_MOST_HOSTS = 4


@dataclass(frozen=True)
class Report:
    """What was found, each finding once, with the nodes it was found on; and all nodes."""

    hosts: tuple[str, ...]
    findings: tuple[tuple[Finding, tuple[str, ...]], ...]

    @property
    def failed(self) -> bool:
        """Whether anything fails."""
        return any(finding.status is Status.FAIL for finding, _ in self.findings)

    def text(self) -> str:
        """Return the report as aligned lines."""
        name_width = max((len(finding.name) for finding, _ in self.findings), default=0)
        indent = " " * (name_width + 5)
        lines = [f"doctor: {shortened(self.hosts)}", ""]
        for finding, hosts in self.findings:
            where = "" if hosts == self.hosts else f" [{shortened(hosts)}]"
            name = finding.name.ljust(name_width)
            lines.append(f"{_SIGNS[finding.status]}  {name}  {finding.detail}{where}")
            if finding.next_step:
                lines.append(f"{indent}→ {finding.next_step}")
        counts = {status: sum(f.status is status for f, _ in self.findings) for status in Status}
        lines += ["", f"{counts[Status.FAIL]} failed, {counts[Status.WARN]} warnings"]
        return "\n".join(lines)

    def document(self) -> dict[str, object]:
        """Return the report for programs."""
        findings = [{**asdict(finding), "hosts": hosts} for finding, hosts in self.findings]
        return {"ok": not self.failed, "hosts": self.hosts, "findings": findings}


def shortened(hosts: tuple[str, ...]) -> str:
    """Return the nodes' names; of more than four the first four, and how many more."""
    if len(hosts) <= _MOST_HOSTS:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:_MOST_HOSTS])} and {len(hosts) - _MOST_HOSTS} more"


def start_mpi() -> World:
    """Start MPI below a launcher, as the import of mpi4py.MPI does.

    It is not started where MPI4PY_RC_INITIALIZE forbids mpi4py to.
    """
    if not ranks.is_rank(os.environ):
        return World()
    # Below preflight MPI is up: what it has open is there already.
    before = frozenset[str]() if "mpi4py.MPI" in sys.modules else process.in_use()
    try:
        from mpi4py import MPI  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        return World(problem=str(error).splitlines()[0])
    if not MPI.Is_initialized():
        return World()
    return World(MPI.COMM_WORLD, opened=process.in_use() - before)


def report(look: Look, show: Show, world: World, *, deep: bool) -> bool:
    """Look at every node and show the report; return whether anything fails.

    All ranks call this, and all return the same.
    """
    claims = ranks.claims(os.environ)
    size = world.comm.size if world.comm is not None else 0
    # More in a heterogeneous job, whose parts Slurm counts one by one.
    if any(each.size <= size for each in claims):
        return _report_of_ranks(look, show, world, deep=deep)
    # MPI does not join the ranks, or does not load: the launcher's first rank speaks for all.
    failed = size > 0 or bool(world.problem)
    if claims and claims[0].rank != 0:
        ranks.let_first_print()
        return failed
    merged = _merged([(_host(), look(Node(deep=deep, world=world)))])
    show(merged)
    return failed or merged.failed


def _report_of_ranks(look: Look, show: Show, world: World, *, deep: bool) -> bool:
    """Look from the first rank of each node; the others wait without keeping a core busy."""
    from mpi4py import MPI  # noqa: PLC0415

    comm = world.comm
    local = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
    facts = local.gather(facts_of_this_rank())
    leads = local.rank == 0
    leaders = comm.Split(0 if leads else MPI.UNDEFINED, comm.rank)
    merged = None
    if leads:
        speed = ping.between_nodes(leaders, _host())
        mine = look(Node(deep=deep, world=world, ranks=tuple(facts), speed=speed))
        # Those that are done first wait for the slowest node.
        ranks.idle_barrier(leaders)
        everything = leaders.gather((_host(), mine))
        merged = _merged(everything) if everything is not None else None
        leaders.Free()
    if merged is not None:
        show(merged)
    failed = _any_true(comm, merged is not None and merged.failed)
    local.Free()
    return failed


def _any_true(comm: Any, flag: bool) -> bool:
    """Return on every rank whether any rank's flag is true; leaves the core to others.

    Not by a broadcast, nor by a reduction that blocks: MPI may keep what a rank sends last
    until that rank calls MPI again, which may be an hour later.
    """
    from mpi4py import MPI  # noqa: PLC0415

    mine, most = array("i", [flag]), array("i", [0])
    request = comm.Iallreduce([mine, MPI.INT], [most, MPI.INT], MPI.MAX)
    while not request.Test():
        time.sleep(0.01)
    return bool(most[0])


def _host() -> str:
    return os.environ.get("SLURMD_NODENAME") or os.uname().nodename


def _merged(by_host: list[tuple[str, list[Finding]]]) -> Report:
    """Merge the findings of several nodes, in the order of the checks."""
    hosts: dict[Finding, list[str]] = {}
    for host, findings in by_host:
        for finding in findings:
            hosts.setdefault(finding, []).append(host)
    order = list(dict.fromkeys(finding.name for finding in hosts))
    rows = sorted(hosts.items(), key=lambda row: order.index(row[0].name))
    return Report(
        tuple(dict.fromkeys(host for host, _ in by_host)),
        tuple((finding, tuple(dict.fromkeys(names))) for finding, names in rows),
    )
