"""What came out: ``docs/results/packages.json``, and the table of ``docs/packages.md``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hpcpy import paths
from hpcpy.files import whole_file

RESULTS = paths.ROOT / "docs" / "results" / "packages.json"
PAGE = paths.ROOT / "docs" / "packages.md"
IMAGES = ("hpcpy", "wheels")
_TABLE = re.compile(r"(?s)(?<=<!-- table -->\n).*?(?=<!-- end of the table -->)")
_HEAD = """\
| package | version | disk, MB |
|---|---|--:|
"""
_LONGEST = 160


def read() -> dict[str, Any]:
    """Return the row of each package that was ever run; nothing where none was."""
    try:
        rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return dict(rows)


def write(rows: Mapping[str, Any]) -> None:
    """Keep the rows, and write the table."""
    with whole_file(RESULTS) as temporary:
        temporary.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    with whole_file(PAGE) as temporary:
        temporary.write_text(_TABLE.sub(lambda _: table(rows), page), encoding="utf-8")


def table(rows: Mapping[str, Any]) -> str:
    """Return the table in Markdown, and below it what does not work in both images."""
    lines, exceptions = [], []
    for name, row in sorted(rows.items()):
        here, there = (row.get(image) for image in IMAGES)
        disk = (here or there or {}).get("disk", 0)
        cells = (name, row["version"], f"{disk / 1e6:,.0f}")
        lines.append(f"| {' | '.join(cells)} |\n")
        said = _said(here, there), _said(there, here)
        if said != ("works", "works"):
            exceptions.append(f"- {name}: here {said[0]}; with the wheels' Python {said[1]}\n")
    return _HEAD + "".join(lines) + "".join(["\n", *exceptions] if exceptions else [])


def is_good(row: Mapping[str, Any]) -> bool:
    """Tell whether a package works here, or fails with the wheels' Python, too."""
    here, there = (row.get(image) for image in IMAGES)
    fails_there = there is not None and bool(there["reason"])
    return here is None or fails_there or _said(here, there) == "works"


def _said(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> str:
    if one is None:
        return "not run"
    if one["reason"]:
        reason = one["reason"]
        return f"fails: `{reason if len(reason) <= _LONGEST else reason[:_LONGEST] + ' …'}`"
    if other is not None and not other["reason"] and one["output"] != other["output"]:
        return "prints something else"
    return "works"
