"""What an audit has found, as a table and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpcpy.audit.components import Component, Sbom
from hpcpy.audit.ignore import Decision
from hpcpy.audit.match import Finding, Unclear
from hpcpy.audit.severity import LEVELS

_SUMMARY, _FEW = 60, 4


@dataclass(frozen=True)
class Audit:
    """What came of one audit.

    Attributes
    ----------
    sbom
        What was looked up.
    advisories, newest
        How many records the data have, and the day of the newest; empty where
        they do not say.
    findings, ignored, unclear
        Vulnerabilities that count, those that a centre has decided on, and those that the
        data do not decide.
    uncovered
        Components that no data were given for.
    notes
        What is to be said of decisions.
    fixed
        CVE names in the changelogs of Debian packages.
    """

    sbom: Sbom
    advisories: int
    newest: str
    findings: Sequence[Finding]
    ignored: Sequence[tuple[Finding, Decision]]
    unclear: Sequence[Unclear]
    uncovered: Sequence[Component]
    notes: Sequence[str]
    fixed: Mapping[str, Sequence[str]]

    def reaches(self, level: str) -> bool:
        """Tell whether a finding is of this severity or worse."""
        return any(LEVELS.index(one.severity) >= LEVELS.index(level) for one in self.findings)


def as_json(audit: Audit, fail_on: str) -> str:
    """Return all of it as JSON."""

    def of(component: Component) -> dict[str, Any]:
        told = {"name": component.name, "version": component.version}
        return told | {"packages": list(component.packages)}

    def found(one: Finding) -> dict[str, Any]:
        told = {"id": one.id, "severity": one.severity, "component": of(one.component)}
        return told | {"fixed": list(one.fixed), "summary": one.summary}

    told = {
        "image": audit.sbom.image,
        "advisories": audit.advisories,
        "newest": audit.newest,
        "components": len(audit.sbom.components),
        "fail_on": fail_on,
        "fails": audit.reaches(fail_on),
        "findings": [found(one) for one in _by_severity(audit.findings)],
        "ignored": [
            found(one) | {"reason": decision.reason, "until": decision.until.isoformat()}
            for one, decision in audit.ignored
        ],
        "unclear": [
            {"id": one.id, "component": of(one.component), "why": one.why} for one in audit.unclear
        ],
        "not_looked_up": [of(one) for one in audit.uncovered],
        "notes": list(audit.notes),
        "fixed_by_changelogs": dict(audit.fixed),
    }
    return json.dumps(told, indent=1)


def as_table(audit: Audit) -> Iterator[str]:
    """Give the lines for a reader, the worst first."""
    rows = [
        (one.severity, one.id, _of(one.component), " or ".join(one.fixed) or "-", one.summary)
        for one in _by_severity(audit.findings)
    ]
    if rows:
        rows.insert(0, ("severity", "vulnerability", "component", "fixed in", ""))
    plain = [tuple(_plain(cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in plain) for column in range(4)] if plain else []
    for *cells, summary in plain:
        aligned = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{aligned}  {summary[:_SUMMARY]}".rstrip()
    for one, decision in audit.ignored:
        reason = f"until {decision.until}: {decision.reason}"
        yield _plain(f"ignored: {one.id} ({one.severity}) of {_of(one.component)}, {reason}")
    yield from map(_plain, _what_is_open(audit))
    counts = Counter(one.severity for one in audit.findings)
    shown = ", ".join(f"{counts[level]} {level}" for level in reversed(LEVELS) if counts[level])
    looked_up = len(audit.sbom.components) - len(audit.uncovered)
    result = shown or ("no known vulnerability" if looked_up else "nothing is known")
    yield _plain(
        f"{audit.sbom.image}: {looked_up} of {len(audit.sbom.components)} components looked up in"
        f" {audit.advisories:,} advisories{_until(audit.newest)}: {result}"
    )


def _what_is_open(audit: Audit) -> Iterator[str]:
    yield from audit.notes
    for why in dict.fromkeys(one.why for one in audit.unclear):
        ids = [f"{one.id} of {one.component.name}" for one in audit.unclear if one.why == why]
        yield f"not decided: {_some(ids)}: {why}"
    if audit.uncovered:
        names = _some(map(_of, audit.uncovered))
        yield f"{len(audit.uncovered)} not looked up, as no data are about them: {names}"
    if audit.fixed:
        cves = {cve for every in audit.fixed.values() for cve in every}
        yield (
            f"{len(cves)} CVE names are in the changelogs of {len(audit.fixed)} Debian packages:"
            " vulnerabilities that Debian has fixed in them; changelogs do not list open ones"
        )


def _some(names: Any) -> str:
    every = list(names)
    more = f" and {len(every) - _FEW} more" if len(every) > _FEW else ""
    return ", ".join(every[:_FEW]) + more


def _of(component: Component) -> str:
    its = [name for name in component.packages if name != component.name]
    return f"{component.name} {component.version}" + (f" ({_some(its)})" if its else "")


def _until(newest: str) -> str:
    return f", the newest of {newest[:10]}" if newest else ""


def _by_severity(found: Sequence[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: (-LEVELS.index(one.severity), one.component.name, one.id))


def _plain(text: str) -> str:
    # Others have written it: a terminal obeys some characters.
    return "".join(char if char.isprintable() else " " for char in text)
