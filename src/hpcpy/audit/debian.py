"""Debian's own data: its security tracker's JSON, and the file that debsecan loads."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any

from hpcpy.audit.advisories import Advisory, Known
from hpcpy.audit.severity import by_word

# The tracker has releases by name, images by number.
_RELEASES = {"bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15"}
_NAME = re.compile(r"(CVE|TEMP)-[\w-]+")
_STATES = ("open", "resolved", "undetermined")
# What it unpacks to has some 30 MB.
_LARGEST = 1 << 28
_URGENCIES = {" ": "unknown", "L": "low", "M": "medium", "H": "high"}


def is_tracker(value: object) -> bool:
    """Tell whether this is the tracker's: packages, each with its vulnerabilities."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(vulnerabilities, dict)
            and all(_NAME.fullmatch(id_) for id_ in vulnerabilities)
            for vulnerabilities in value.values()
        )
    )


def read_tracker(value: Mapping[str, Any], known: Known) -> None:
    """Keep what the tracker says.

    Raises
    ------
    ValueError, TypeError, AttributeError, LookupError
        When it is not of the tracker's form.
    """
    for name, vulnerabilities in value.items():
        for id_, vulnerability in vulnerabilities.items():
            known.count += 1
            for codename, state in vulnerability["releases"].items():
                known.add(_of_release(name, id_, vulnerability, codename, state))


def _of_release(
    name: str, id_: str, vulnerability: Mapping[str, Any], codename: str, state: Mapping[str, Any]
) -> Advisory:
    status, fixed = state["status"], state.get("fixed_version", "")
    if status not in _STATES or not isinstance(fixed, str):
        raise ValueError(f"{id_} of {name} has the status {status!r}, fixed by {fixed!r}")
    note = str(state.get("nodsa") or "")
    said = str(vulnerability.get("description") or "")
    undecided = "Debian has not determined it" if status == "undetermined" else ""
    events = [("introduced", "0")]
    if status == "resolved":
        events.append(("fixed", fixed))
        undecided = "" if fixed else "resolved, and no version says since when"
    return Advisory(
        id=id_,
        severity=by_word(state.get("urgency")),
        summary=f"{said} (Debian: {note})" if note else said,
        ecosystem="Debian",
        release=_RELEASES.get(codename, codename),
        name=name,
        ranges=(tuple(events),),
        undecided=undecided,
    )


def read_debsecan(packed: bytes, known: Known) -> None:
    """Keep what debsecan's file says.

    It has three blocks, separated by empty lines: names of vulnerabilities, packages
    with a vulnerability's number, and binary packages of sources.

    Raises
    ------
    ValueError, LookupError, zlib.error
        When it is no such file.
    """
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(packed, _LARGEST).decode()
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("it is cut off, or unpacks to more than debsecan's files have")
    version, *lines = text.split("\n")
    if version != "VERSION 1":
        raise ValueError("not of debsecan's version 1")
    names = [line.split(",", 2) for line in lines[: lines.index("")]]
    rest = lines[len(names) + 1 :]
    for line in rest[: rest.index("")]:
        package, number, flags, fixed, others = line.split(",", 4)
        id_, _, said = names[int(number)]
        known.count += 1
        if flags[0] == "B":
            # By binary package, which OSV and the tracker do not have either.
            continue
        known.add(
            Advisory(
                id=id_,
                severity=_URGENCIES[flags[1]],
                summary=said,
                ecosystem="Debian",
                release="*",
                name=package,
                ranges=((("introduced", "0"), *((("fixed", fixed),) if fixed else ())),),
                unaffected=frozenset(others.split()),
            )
        )
