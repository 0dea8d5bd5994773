"""The report, for people and for programs."""

from __future__ import annotations

import json

from workloads.doctor.finding import Status
from workloads.doctor.job import Report

_SIGNS = {Status.OK: "✓", Status.INFO: "·", Status.WARN: "!", Status.FAIL: "✗"}
_MOST_HOSTS = 4


def as_text(report: Report) -> str:
    """Return the report as aligned lines."""
    name_width = max((len(finding.name) for finding, _ in report.findings), default=0)
    indent = " " * (name_width + 5)
    lines = [f"doctor: {shortened(report.hosts)}", ""]
    for finding, hosts in report.findings:
        where = "" if hosts == report.hosts else f" [{shortened(hosts)}]"
        name = finding.name.ljust(name_width)
        lines.append(f"{_SIGNS[finding.status]}  {name}  {finding.detail}{where}")
        if finding.next_step:
            lines.append(f"{indent}→ {finding.next_step}")
    counts = {status: sum(f.status is status for f, _ in report.findings) for status in Status}
    lines += ["", f"{counts[Status.FAIL]} failed, {counts[Status.WARN]} warnings"]
    return "\n".join(lines)


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
