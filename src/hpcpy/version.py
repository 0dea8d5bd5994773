"""The project's version."""

from __future__ import annotations

import tomllib

from hpcpy import paths


def project_version() -> str:
    """Return the project's version, from ``pyproject.toml``."""
    table = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(table["project"]["version"])
