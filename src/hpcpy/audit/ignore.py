"""A centre's own decisions: vulnerabilities that it accepts for a time."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.audit.match import Finding
from hpcpy.pins.tables import Table, read_table


@dataclass(frozen=True)
class Decision:
    """One ``[[ignore]]`` of the file; of all packages where it names none."""

    id: str
    reason: str
    until: datetime.date
    package: str = ""

    def is_about(self, finding: Finding) -> bool:
        """Tell whether this is the vulnerability, in the package, that was decided on."""
        its = (finding.component.name, *finding.component.packages)
        return self.id == finding.id and (not self.package or self.package in its)


def read(path: Path) -> list[Decision]:
    """Read the file.

    Raises
    ------
    UsageError
        When it is malformed. Each entry needs a reason and a last day: none is for ever.
    """
    top = read_table(path, is_users=True)
    top.only("ignore")
    return [_decision(entry) for entry in top.array("ignore")]


def _decision(entry: Table) -> Decision:
    entry.only("id", "package", "reason", "until")
    until = entry.values.get("until")
    if not isinstance(until, datetime.date) or isinstance(until, datetime.datetime):
        raise entry.wrong("until", "is not a day such as 2027-01-31")
    package = entry.text("package") if "package" in entry.values else ""
    return Decision(entry.text("id"), entry.text("reason"), until, package)


def split(
    found: Sequence[Finding], decisions: Sequence[Decision], today: datetime.date
) -> tuple[list[Finding], list[tuple[Finding, Decision]], list[str]]:
    """Part findings into those that count and those that are ignored.

    Returns
    -------
    tuple
        The first, the second with their decisions, and what is to be said of
        decisions that no longer hold.
    """
    counting: list[Finding] = []
    ignored = []
    for finding in found:
        its = [one for one in decisions if one.is_about(finding) and one.until >= today]
        if its:
            ignored.append((finding, its[0]))
        else:
            counting.append(finding)
    notes = [
        f"the decision on {one.id} ended on {one.until}"
        if one.until < today
        else f"the decision on {one.id} is about nothing that was found"
        for one in decisions
        if one.until < today or not any(one.is_about(finding) for finding in found)
    ]
    return counting, ignored, notes
