"""What the interpreter consists of: distributions, built-in modules, what stays shared."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

# The files of dist-info folders whose texts a bundle holds: importlib.metadata.version
# and entry_points read these.
KEPT = ("METADATA", "entry_points.txt")


def describe(
    site: Path,
    top_level: Iterable[str],
    built_in: Iterable[str],
    extensions: Mapping[str, Any],
) -> dict[str, Any]:
    """Collect what `python -m hpcpy_info` prints."""
    unowned = set(top_level)
    owners: dict[str, list[str]] = {}
    packages: dict[str, dict[str, str]] = {}
    folders: dict[str, str] = {}
    metadata: dict[str, dict[str, str | None]] = {}
    present = distributions(path=[str(site)])
    for distribution in sorted(present, key=lambda package: package.name.lower()):
        names = sorted(unowned.intersection(_top_level(distribution)))
        unowned.difference_update(names)
        owner = distribution.name.lower().replace("-", "_").replace(".", "_")
        owners[owner] = names
        inside = [
            file.parts
            for file in distribution.files or ()
            if len(file.parts) == 2 and file.parts[0].endswith(".dist-info")
        ]
        folders[owner] = inside[0][0] if inside else ""
        # RECORD, which lists the files, may leave itself out.
        there = sorted({"RECORD", *[name for _, name in inside]}) if inside else []
        metadata[owner] = {
            name: distribution.read_text(name) if name in KEPT else None for name in there
        }
        packages[distribution.name] = {
            "version": distribution.version,
            "licence": _licence(distribution),
            "owner": owner,
        }
    owners.update((name.lower(), [name]) for name in sorted(unowned))
    return {
        "python": platform.python_version(),
        "packages": packages,
        "owners": owners,
        "folders": folders,
        "metadata": metadata,
        "built in": sorted(built_in),
        "extensions": dict(extensions),
    }


def _top_level(distribution: Distribution) -> set[str]:
    # By the wheel's list of files: not every wheel has a top_level.txt.
    return {file.parts[0].partition(".")[0] for file in distribution.files or ()}


def _licence(distribution: Distribution) -> str:
    metadata = distribution.metadata
    licence = "\n".join(metadata.get_all("License-Expression") or metadata.get_all("License") or ())
    if licence and "\n" not in licence:
        return licence
    classified = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier") or ()
        if value.startswith("License :: ")
    ]
    return ", ".join(classified) or licence.partition("\n")[0]
