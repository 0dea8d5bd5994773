"""The project's version: the image's, else the checkout's."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

_IMAGE = "/opt/hpcpy/share/hpcpy/image.json"
_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def image() -> Any:
    """Return what the image's description says; OSError where there is none."""
    # The interpreter as one file has it in memory, which this module's loader knows.
    loader: Any = __spec__.loader
    return json.loads(loader.get_data(_IMAGE))


def version() -> str:
    """Return the version; empty where neither file can be read."""
    try:
        return str(image()["version"])
    except OSError:
        pass
    try:
        return str(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"])
    except OSError:
        return ""


def line(program: str = "workloads") -> str:
    """Return what ``--version`` of a program prints."""
    return f"{program} of hpcpy {version()}".rstrip()
