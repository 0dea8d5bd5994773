"""The sources that components are built from."""

from __future__ import annotations

from pathlib import Path

from hpcpy.pins.model import Artifact, Source
from hpcpy.pins.tables import Table, env_folder, name_of, read_table

_URL = r"(https?://|apt-mirror:)[^\s?#]+/[^\s/?#]+"


def sources(folder: Path | None = None) -> dict[str, Artifact]:
    """Read ``sources.toml``."""
    top = read_table(env_folder(folder) / "sources.toml")
    return {name: _artifact(name, table) for name, table in top.tables()}


def _artifact(name: str, table: Table) -> Artifact:
    table.only("version", "licence", "why", "cpe", "sources")
    version = table.text("version")
    first, *_ = tables = table.array("sources")
    found = tuple(_source(one, version) for one in tables)
    return Artifact(
        name=name,
        version=version,
        filename=name_of(first, "url", found[0].url),
        licence=table.text("licence"),
        why=table.text("why"),
        sources=found,
        cpe=table.text("cpe", r"[\w.-]+:[\w.-]+", "VENDOR:PRODUCT")
        if "cpe" in table.values
        else "",
    )


def _source(table: Table, version: str) -> Source:
    table.only("url", "size", "sha256")
    # Not str.format: any other brace in a URL is its own.
    url = table.text("url", _URL, "a URL").replace("{version}", version)
    return Source(url, table.size("size"), table.digest("sha256"))
