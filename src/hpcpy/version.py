"""The project's version."""

from __future__ import annotations

from hpcpy import paths
from hpcpy.pins.tables import read_table


def project_version() -> str:
    """Return the project's version, from ``pyproject.toml``."""
    return read_table(paths.ROOT / "pyproject.toml").table("project").text("version")
