"""Records of OSV's schema, as osv.dev, GitHub and the Python Software Foundation publish them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hpcpy.audit import severity
from hpcpy.audit.advisories import Advisory, Event, Known
from hpcpy.audit.components import repository

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


def is_record(value: object) -> bool:
    """Tell whether this is a record: the schema requires ``id`` and ``modified``."""
    return isinstance(value, dict) and isinstance(value.get("id"), str) and "modified" in value


def read(record: Mapping[str, Any], known: Known) -> None:
    """Keep what a record says.

    Raises
    ------
    ValueError, TypeError, AttributeError, LookupError
        When it is not as the schema wants it.
    """
    known.count += 1
    known.newest = max(known.newest, str(record["modified"]))
    id_ = cve_of(record)
    for affected in _objects(record, "affected"):
        level = severity.of_record(record, affected)
        if record["id"].startswith("MAL-"):
            # The package is the attack; these records have no severity.
            level = "critical"
        known.rate(id_, level)
        # One that was withdrawn still shows that its ecosystem is covered.
        for advisory in _advisories(record, affected, id_, level):
            if record.get("withdrawn"):
                known.covered.add((advisory.ecosystem, advisory.release))
            else:
                known.add(advisory)


def cve_of(record: Mapping[str, Any]) -> str:
    """Return the CVE name of a record if it has just one, else its own name."""
    names = {record["id"], *_texts(record, "aliases"), *_texts(record, "upstream")}
    found = sorted(name for name in names if _CVE.fullmatch(name))
    return found[0] if len(found) == 1 else str(record["id"])


def _advisories(
    record: Mapping[str, Any], affected: Mapping[str, Any], id_: str, level: str
) -> Iterator[Advisory]:
    said = str(record.get("summary") or record.get("details") or "")
    versions = frozenset(_texts(affected, "versions"))
    ranges = []
    for one in _objects(affected, "ranges"):
        if one["type"] == "GIT":
            # Commits cannot be compared without their repository; osv.dev adds the tags.
            yield Advisory(
                id=id_,
                severity=level,
                summary=said,
                ecosystem="GIT",
                name=repository(one["repo"]),
                versions=frozenset(re.sub(r"^\D+", "", tag) for tag in versions),
                undecided="" if versions else "its ranges are commits, without versions",
            )
        else:
            ranges.append(tuple(_events(one)))
    if "package" in affected:
        ecosystem, _, release = affected["package"]["ecosystem"].partition(":")
        name = str(affected["package"]["name"])
        if ecosystem == "PyPI":
            name = re.sub(r"[-_.]+", "-", name).lower()
        yield Advisory(
            id=id_,
            severity=level,
            summary=said,
            ecosystem=ecosystem,
            release=release,
            name=name,
            ranges=tuple(ranges),
            versions=versions,
            undecided="" if ranges or versions else "it names no versions",
        )


def _events(one: Mapping[str, Any]) -> Iterator[Event]:
    for event in _objects(one, "events"):
        for kind, version in event.items():
            if not isinstance(version, str):
                raise TypeError(f"{kind} is no text")
            yield kind, version


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError(f"{name} is no list of objects")
    return found


def _texts(value: Mapping[str, Any], name: str) -> list[str]:
    found = value.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError(f"{name} is no list of texts")
    return found
