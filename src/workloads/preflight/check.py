"""The preflight itself: one line for each fault on any node, and no line without faults."""

from __future__ import annotations

import enum
import os
import sys
from typing import Any

from workloads.doctor import job, promises, registry
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node, World
from workloads.doctor.report import shortened
from workloads.errors import UsageError
from workloads.parallel import launchers, ranks

# EX_CONFIG of sysexits.h: programs seldom use it.
FAULT = 78
_SHOWN = (Status.WARN, Status.FAIL)
# Only once in a process: the program's import of mpi4py.MPI asks again.
_done = False


class Mode(enum.StrEnum):
    """The values of HPCPY_PREFLIGHT."""

    ON = "on"
    WARN = "warn"
    OFF = "off"


def mode() -> Mode:
    """Return what the variable says; `Mode.ON` where it is not set."""
    text = os.environ.get("HPCPY_PREFLIGHT") or "on"
    try:
        return Mode(text)
    except ValueError:
        known = ", ".join(Mode)
        raise UsageError(f"HPCPY_PREFLIGHT={text} is none of {known}") from None


def check(mode: Mode, promised: dict[str, Any], world: World | None = None) -> int:
    """Look at the job and print its faults; all ranks call this together."""
    global _done  # noqa: PLW0603 - of the process, as MPI is
    if _done or mode is Mode.OFF:
        return 0
    _done = True

    def look(node: Node) -> list[Finding]:
        found = registry.examine(node)
        found += promises.kept(promised, found, deep=False)
        return [finding for finding in found if finding.status in _SHOWN]

    def tell(report: job.Report) -> None:
        _say(report, mode)

    claims = launchers.claims(Node().environ)
    if claims and claims[0].size > 1:
        failed = _of_ranks(claims, world or job.start_mpi(), look, tell)
    else:
        report = job.alone(look, Node(deep=False))
        tell(report)
        failed = report.failed
    return FAULT if failed and mode is Mode.ON else 0


def _of_ranks(
    claims: list[launchers.Launcher], world: World, look: job.Look, tell: job.Tell
) -> bool:
    size = world.comm.size if world.comm is not None else 0
    # More in a heterogeneous job, whose parts Slurm counts one by one.
    if any(each.size <= size for each in claims):
        return job.together(look, tell, world, deep=False)
    if size == 0 and not world.problem:
        return False
    # The ranks cannot talk to each other: the launcher's first rank prints.
    if claims[0].rank == 0:
        tell(_apart(world))
    else:
        ranks.let_first_print()
    return True


def _apart(world: World) -> job.Report:
    found = registry.examine(Node(deep=False, world=world), ["mpi"])
    # If MPI does not load at all, the C library may be the cause.
    found += registry.examine(Node(deep=False), ["glibc"]) if world.comm is None else []
    return job.merged([(job.host(), [f for f in found if f.status in _SHOWN])])


def _say(report: job.Report, mode: Mode) -> None:
    for finding, hosts in report.findings:
        fatal = finding.status is Status.FAIL and mode is Mode.ON
        where = f" [{shortened(hosts)}]" if len(report.hosts) > 1 else ""
        word = "" if fatal else "warning: "
        print(f"preflight: {word}{finding.line()}{where}", file=sys.stderr, flush=True)
