"""Stamps: beside a file of ``build/``, what it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hpcpy.core.files import whole_file


def stamp_path(artefact: Path) -> Path:
    """Return the name of an artefact's stamp."""
    return artefact.with_name(artefact.name + ".json")


def read_stamp(artefact: Path) -> dict[str, Any]:
    """Return what was recorded of an artefact that is still as it was made.

    Size and time stand for the bytes: hashing a gigabyte for each `make`
    that has nothing to do would take longer than all else.  Empty when the
    artefact is not there, or was changed since.
    """
    try:
        recorded = json.loads(stamp_path(artefact).read_text())
        status = artefact.stat()
    except (FileNotFoundError, ValueError):  # not JSON, not UTF-8
        return {}
    if not isinstance(recorded, dict):
        return {}
    if recorded.get("size") != status.st_size or recorded.get("mtime_ns") != status.st_mtime_ns:
        return {}
    return recorded


def write_stamp(artefact: Path, **facts: str | bool | list[str]) -> None:
    """Record what an artefact was made of."""
    status = artefact.stat()
    record = {**facts, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    with whole_file(stamp_path(artefact)) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
