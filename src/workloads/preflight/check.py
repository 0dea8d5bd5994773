"""The preflight itself: one line for each fault on any node, and no line without faults."""

from __future__ import annotations

import os
import sys
from typing import Any

from workloads.doctor import checks, job, promises
from workloads.doctor.checks import Finding, Status
from workloads.doctor.node import Node, World
from workloads.errors import UsageError
from workloads.parallel import ranks

# EX_CONFIG of sysexits.h: programs seldom use it.
FAULT = 78
_MODES = ("on", "warn", "off")
# Only once in a process: the program's import of mpi4py.MPI asks again.
_done = False


def mode() -> str:
    """Return what HPCPY_PREFLIGHT says: on, which is the default, warn or off."""
    text = os.environ.get("HPCPY_PREFLIGHT") or "on"
    if text not in _MODES:
        raise UsageError(f"HPCPY_PREFLIGHT={text} is none of {', '.join(_MODES)}")
    return text


def check(mode: str, promised: dict[str, Any], world: World | None = None) -> int:
    """Look at the job and print its faults; all ranks call this together."""
    global _done  # noqa: PLW0603 - of the process, as MPI is
    if _done or mode == "off":
        return 0
    _done = True
    is_alone = ranks.expected() == 1
    world = World() if is_alone else world or job.start_mpi()
    if not is_alone and world.comm is None and not world.problem:
        # MPI4PY_RC_INITIALIZE forbids the start: no rank could warn another.
        return 0

    def look(node: Node) -> list[Finding]:
        found = checks.examine(node, ["mpi"])
        if not any(finding.status is Status.FAIL for finding in found):
            found = checks.examine(node)
            found += promises.kept(promised, found)
        return [finding for finding in found if finding.status in (Status.WARN, Status.FAIL)]

    def show(report: job.Report) -> None:
        for finding, hosts in report.findings:
            is_fatal = finding.status is Status.FAIL and mode == "on"
            line = f"{'' if is_fatal else 'warning: '}{finding.name}: {finding.detail}"
            step = f"; {finding.next_step}" if finding.next_step else ""
            where = f" [{job.shortened(hosts)}]" if len(report.hosts) > 1 else ""
            print(f"preflight: {line}{step}{where}", file=sys.stderr, flush=True)

    failed = job.report(look, show, world, deep=False)
    return FAULT if failed and mode == "on" else 0
