"""``hpcpy_job preflight [--site FILE] (-m MODULE | SCRIPT) [ARGUMENT …]``: docs/how-to/doctor.md.

One line for each fault on any node, and no line without faults.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hpcpy_common import ranks
from hpcpy_common.errors import UnavailableError, UsageError
from hpcpy_job import program
from hpcpy_job.doctor import checks, job, promises
from hpcpy_job.doctor.checks import Finding, Status
from hpcpy_job.doctor.node import Node, World

_USAGE = """\
usage: python -m hpcpy_job preflight [--site FILE] SCRIPT [ARGUMENT …]
       python -m hpcpy_job preflight [--site FILE] -m MODULE [ARGUMENT …]

Looks at the job, one process a node, then runs the program in this process.
Nothing is said when all is well. HPCPY_PREFLIGHT=on (default) ends the job with
exit code 78 when a check fails, warn goes on, off looks at nothing.
--site FILE: a site's TOML file; what its table [promises] names must be there.
Without it, in a job: the file that HPCPY_SITE_FILE names, else /etc/hpcpy/site.toml."""
# EX_CONFIG of sysexits.h: programs seldom use it.
FAULT = 78
_MODES = ("on", "warn", "off")


def main(words: list[str]) -> int:
    """Look, then run the program."""
    program_words: list[str] = []

    def look(words: list[str]) -> int:
        mode = os.environ.get("HPCPY_PREFLIGHT") or "on"
        if mode not in _MODES:
            raise UsageError(f"HPCPY_PREFLIGHT={mode} is none of {', '.join(_MODES)}")
        promised: dict[str, Any] | None = None
        while words and words[0].startswith("-") and words[0] != "-m":
            option, _, file = words[0].partition("=")
            if option != "--site":
                hint = "see python -m hpcpy_job preflight --help"
                raise UsageError(f"unknown option {option}", hint=hint)
            if not file and len(words) == 1:
                raise UsageError("--site: no file is named")
            promised = promises.read(Path(file or words[1]))
            words = words[1 if file else 2 :]
        program.require(words)
        program_words.extend(words)
        if mode == "off":
            return 0
        return _check(mode, promises.of_job() if promised is None else promised)

    code = program.command("preflight", _USAGE, words, look)
    # --help and --version name no program.
    if code == 0 and program_words:
        program.run_rank(program_words)
    return code


def _check(mode: str, promised: dict[str, Any]) -> int:
    """Look at the job and print its faults; all ranks call this together."""
    try:
        ranks.require_launcher()
    except UnavailableError as error:
        if mode == "on":
            raise
        print(f"preflight: warning: {error}", file=sys.stderr, flush=True)
    is_alone = not ranks.is_of_several(os.environ)
    # A rank alone needs no MPI, unless its promises are of MPI; outside a job none is started.
    starts = not is_alone or promises.needs_mpi(promised)
    world = job.start_mpi() if starts else World()
    if not is_alone and world.comm is None and not world.problem:
        # MPI4PY_RC_INITIALIZE forbids the start: no rank could warn another.
        return 0

    def look(node: Node) -> list[Finding]:
        findings = checks.examine(node, ["mpi"])
        if not any(finding.status is Status.FAIL for finding in findings):
            findings = checks.examine(node)
            findings += promises.kept(promised, findings)
        return [finding for finding in findings if finding.status in (Status.WARN, Status.FAIL)]

    def show(report: job.Report) -> None:
        for finding, hosts in report.findings:
            is_fatal = finding.status is Status.FAIL and mode == "on"
            line = f"{'' if is_fatal else 'warning: '}{finding.name}: {finding.detail}"
            step = f"; {finding.next_step}" if finding.next_step else ""
            where = f" [{job.shortened(hosts)}]" if len(report.hosts) > 1 else ""
            print(f"preflight: {line}{step}{where}", file=sys.stderr, flush=True)

    failed = job.report(look, show, world, deep=False)
    return FAULT if failed and mode == "on" else 0
