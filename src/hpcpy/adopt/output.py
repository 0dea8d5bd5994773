"""The folder that comes out: Containerfile, definition, lock, report."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcpy.adopt.resolution import NO_EQUIVALENT, STATES, Item, Row
from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors, whole_file

LOCK, REPORT, WHEELS = "requirements.txt", "adopt.json", "wheels"
# The same as in docs/bake.md.
_CONTAINERFILE = """\
FROM hpcpy
COPY requirements.txt /tmp/
USER 0
RUN python -m hpcpy_bake -r /tmp/requirements.txt
USER 1000:1000
"""
_DEFINITION = """\
Bootstrap: localimage
From: {sif}
%files
    requirements.txt /opt/adopted/requirements.txt
%post
    /opt/hpcpy/bin/python3 -m hpcpy_bake -r /opt/adopted/requirements.txt
"""
# The same with wheels of a folder in place of an index.
_WITH_WHEELS = """\
FROM hpcpy
USER 0
RUN --mount=type=bind,source=.,target=/mnt \\
    python -m hpcpy_bake --wheelhouse /mnt/wheels -r /mnt/requirements.txt
USER 1000:1000
"""
_DEFINITION_WITH_WHEELS = """\
Bootstrap: localimage
From: {sif}
%files
    requirements.txt /opt/adopted/requirements.txt
    wheels /opt/adopted/wheels
%post
    cd /opt/adopted
    /opt/hpcpy/bin/python3 -m hpcpy_bake --wheelhouse wheels -r requirements.txt
    rm -r wheels
"""
_NOTHING = "# The image has all of it: there is nothing to bake.\n"


def claim(folder: Path) -> None:
    """See that a folder may be filled: it is new, empty, or was filled before."""
    if folder.exists() and not (folder / REPORT).is_file() and any(folder.iterdir()):
        raise UsageError(f"{folder}: has other files", hint="give another by --out")


def write(folder: Path, sif: Path, items: Sequence[Item], report: Mapping[str, Any]) -> None:
    """Write all of it."""
    lock = "".join(f"{item.requirement}\n" for item in items) or _NOTHING
    containerfile, definition = _recipes(items)
    # The report first: `claim` knows the folder by it, even after a failed write.
    files = {
        REPORT: json.dumps(report, indent=1) + "\n",
        LOCK: lock,
        "Containerfile": containerfile,
        "adopted.def": definition.format(sif=sif),
        "adopt.md": page(report),
    }
    for name, text in files.items():
        with whole_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    _copy_wheels(folder, [wheel for item in items if (wheel := item.wheel)])


def _recipes(items: Sequence[Item]) -> tuple[str, str]:
    if not items:
        return "FROM hpcpy\n", "Bootstrap: localimage\nFrom: {sif}\n"
    if any(item.wheel for item in items):
        return _WITH_WHEELS, _DEFINITION_WITH_WHEELS
    return _CONTAINERFILE, _DEFINITION


def _copy_wheels(folder: Path, wheels: Sequence[Path]) -> None:
    place = folder / WHEELS
    with disk_errors(place):
        if place.is_dir():
            shutil.rmtree(place)
        for wheel in wheels:
            with whole_file(place / wheel.name) as temporary:
                shutil.copyfile(wheel, temporary)


def page(report: Mapping[str, Any]) -> str:
    """Return the report in Markdown."""
    rows = [Row(**{**row, "notes": tuple(row["notes"])}) for row in report["rows"]]
    lines = [
        f"# {report['source']} on hpcpy",
        "",
        f"{summary(rows)}. Python {report['python']}, `{report['image']}`.",
        "",
        "| asked for | what became of it | name on PyPI | version asked | version here | note |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(_cells(row))} |" for row in _in_order(rows)),
    ]
    if added := report["added"]:
        listed = ", ".join(f"{name} {version}" for name, version in added.items())
        lines += ["", f"With them come {listed}."]
    lines += ["", *(f"- {note}" for note in report["notes"])] if report["notes"] else []
    if replay := report.get("replay"):
        lines += ["", "## The program in both", "", *(f"- {line}" for line in replay["lines"])]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> list[str]:
    cells = [
        *(f"`{row.asked}`", row.state, row.name, row.versions or "any"),
        *(row.version, "; ".join(row.notes)),
    ]
    return [cell.replace("|", "\\|") for cell in cells]


def _in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: STATES.index(row.state))


def summary(rows: Sequence[Row]) -> str:
    """Return how many lines there are of each kind."""
    counts = Counter(row.state for row in rows)
    counted = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    other = sum(row.is_other for row in rows)
    return f"{len(rows)} asked for: {', '.join(counted)}; {other} in another version"


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as lines for a terminal, those that need a look with their notes."""
    lines = []
    for row in _in_order(rows):
        here = f"{row.name} {row.version}".strip()
        lines.append(f"{row.state:<14} {row.asked:<36} {here}".rstrip())
        is_plain = row.state != NO_EQUIVALENT and row.fits
        lines += [] if is_plain and not row.notes else [f"{'':<15}  {note}" for note in row.notes]
    return lines
