"""The project's version."""

from __future__ import annotations

import tomllib

from hpcpy.core import paths


def project_version() -> str:
    """Return the project's version, from ``pyproject.toml``."""
    text = (paths.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
