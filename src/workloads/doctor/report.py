"""The report, for people and for programs."""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

from workloads.doctor.finding import Status
from workloads.doctor.job import Report

_SIGNS = {Status.OK: "✓", Status.INFO: "·", Status.WARN: "!", Status.FAIL: "✗"}
_WORDS = {Status.OK: "ok", Status.INFO: "-", Status.WARN: "warn", Status.FAIL: "FAIL"}
_MOST_HOSTS = 4


def as_text(report: Report, *, plain: bool) -> str:
    """Return the report as aligned lines.

    Parameters
    ----------
    report
        What was found.
    plain
        Whether to keep to ASCII.
    """
    signs, arrow = (_WORDS, "->") if plain else (_SIGNS, "→")
    sign_width = max(map(len, signs.values()))
    name_width = max((len(finding.name) for finding, _ in report.findings), default=0)
    indent = " " * (sign_width + name_width + 4)
    lines = [f"doctor: {shortened(report.hosts)}", ""]
    for finding, hosts in report.findings:
        where = "" if hosts == report.hosts else f" [{shortened(hosts)}]"
        sign, name = signs[finding.status].ljust(sign_width), finding.name.ljust(name_width)
        lines.append(f"{sign}  {name}  {finding.detail}{where}")
        if finding.next_step:
            lines.append(f"{indent}{arrow} {finding.next_step}")
    counts = {status: sum(f.status is status for f, _ in report.findings) for status in Status}
    lines += ["", f"{counts[Status.FAIL]} failed, {counts[Status.WARN]} warnings"]
    text = "\n".join(lines)
    return text.encode("ascii", "backslashreplace").decode() if plain else text


def as_json(report: Report) -> str:
    """Return the report for programs."""
    findings = [
        {
            "name": finding.name,
            "status": str(finding.status),
            "detail": finding.detail,
            "next_step": finding.next_step,
            "value": finding.value,
            "hosts": hosts,
        }
        for finding, hosts in report.findings
    ]
    content = {"ok": not report.failed, "hosts": report.hosts, "findings": findings}
    return json.dumps(content, indent=2)


def shortened(hosts: tuple[str, ...]) -> str:
    """Return the nodes' names; of more than four the first four, and how many more."""
    if len(hosts) <= _MOST_HOSTS:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:_MOST_HOSTS])} and {len(hosts) - _MOST_HOSTS} more"


def must_be_plain(stream: TextIO = sys.stdout) -> bool:
    """Return whether a stream's reader may understand ASCII alone.

    In the C locale Python sets LC_CTYPE and writes UTF-8, which a terminal there
    does not expect: so LANG has to name UTF-8 as well.
    """
    asked = [os.environ.get("LC_ALL", "")]
    if not asked[0]:
        asked = [os.environ.get(name, "") for name in ("LC_CTYPE", "LANG")]
    names = [*filter(None, asked), getattr(stream, "encoding", None) or ""]
    return len(names) < 2 or not all("utf8" in name.lower().replace("-", "") for name in names)
