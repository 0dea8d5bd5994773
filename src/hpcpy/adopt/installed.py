"""An environment itself: conda's records of what it installed, and pip's."""

from __future__ import annotations

import email.parser
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcpy.adopt.requirement import Requirement
from hpcpy.core.errors import UsageError

_METADATA = (".dist-info", ".egg-info")


@dataclass(frozen=True)
class _Distribution:
    """A package of Python as its own metadata has it."""

    name: str
    version: str
    url: str
    is_requested: bool


def read(prefix: Path) -> tuple[list[Requirement], list[str]]:
    """Return what an environment was asked for, with its versions.

    PyPI's names come from the metadata that lies in the environment, so none is
    guessed.  What only came along with something else is left to pip.
    """
    records = [_record(path) for path in sorted((prefix / "conda-meta").glob("*.json"))]
    if not records and not (prefix / "pyvenv.cfg").is_file():
        raise UsageError(
            f"{prefix}: no environment: neither conda-meta/*.json nor pyvenv.cfg in it",
            hint="give the folder that `conda env list` shows, or $CONDA_PREFIX",
        )
    homes = [path for pattern in _METADATA for path in prefix.glob(_site(pattern))]
    found = {str(home.relative_to(prefix)): _distribution(home) for home in sorted(homes)}
    return _conda(records, found) + _pip(records, found), _notes(records)


def _site(ending: str) -> str:
    return f"lib/python3*/site-packages/*{ending}"


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {"name": record["name"], "version": record["version"], **record}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: no record of a package") from error


def _is_requested(record: dict[str, Any]) -> bool:
    spec = record.get("requested_spec")
    return bool(record.get("requested_specs")) or (bool(spec) and spec != "None")


def _conda(records: Iterable[dict[str, Any]], found: dict[str, _Distribution]) -> list[Requirement]:
    records = list(records)
    wanted = [one for one in records if _is_requested(one)] or records
    asked = []
    for one in wanted:
        text = f"{one['name']} {one['version']}"
        exact, build = f"=={one['version']}", str(one.get("build", ""))
        if one["name"] == "python":
            asked.append(Requirement(text, "python", versions=exact))
            continue
        owned = [found[home] for home in _homes(one) if home in found]
        asked += [_asked(text, each) for each in owned]
        if not owned:
            asked.append(Requirement(text, one["name"], versions=exact, build=build or "none"))
    return asked


def _homes(record: dict[str, Any]) -> list[str]:
    """Return the folders of metadata among a record's files."""
    parts = (str(file).split("/") for file in record.get("files") or ())
    homes = {"/".join(part[:4]) for part in parts if len(part) >= 4}
    return sorted(home for home in homes if home.endswith(_METADATA))


def _pip(records: Iterable[dict[str, Any]], found: dict[str, _Distribution]) -> list[Requirement]:
    owned = {home for record in records for home in _homes(record)}
    own = [one for home, one in found.items() if home not in owned]
    wanted = [one for one in own if one.is_requested] or own
    return [_asked(f"{one.name}=={one.version}", one) for one in wanted]


def _asked(text: str, one: _Distribution) -> Requirement:
    name = one.name.lower()
    return Requirement(text, name, is_pypi=True, versions=f"=={one.version}", url=one.url)


def _distribution(home: Path) -> _Distribution:
    named, _, version = home.name.rpartition(".")[0].partition("-")
    try:
        text = (home / "METADATA").read_text(encoding="utf-8", errors="replace")
        fields = email.parser.HeaderParser().parsestr(text)
        named, version = str(fields["Name"] or named), str(fields["Version"] or version)
    except OSError:
        # An egg's is called otherwise, and its name has both.
        version = version.partition("-")[0]
    return _Distribution(named, version, _origin(home), (home / "REQUESTED").exists())


def _origin(home: Path) -> str:
    """Return the address that a package was installed from, where that was no index."""
    try:
        # conda's own builds have the folder in which they were built.
        is_condas = "conda" in (home / "INSTALLER").read_text(encoding="utf-8")
        origin = json.loads((home / "direct_url.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return "" if is_condas else str(origin.get("url", ""))


def _notes(records: list[dict[str, Any]]) -> list[str]:
    wanted = sum(map(_is_requested, records))
    if not records or not wanted:
        return []
    return [
        f"{len(records) - wanted} of its {len(records)} packages only came along with the "
        f"{wanted} that were asked for: pip brings what those need"
    ]
