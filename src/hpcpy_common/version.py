"""The project's version: the image's, else that of the checkout or of the tool's wheel."""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path
from typing import Any

_IMAGE = "/opt/hpcpy/share/hpcpy/image.json"
_MODULES = Path(__file__).resolve().parents[1]
# The wheel's first: above it may be another project's.
_PROJECTS = (_MODULES / "hpcpy/share/pyproject.toml", _MODULES.parent / "pyproject.toml")


def image() -> Any:
    """Return what the image's description says; OSError where there is none."""
    # The interpreter as one file has it in memory, which this module's loader knows.
    loader: Any = __spec__.loader
    return json.loads(loader.get_data(_IMAGE))


def version() -> str:
    """Return the version; empty where none of the files can be read."""
    with contextlib.suppress(OSError):
        return str(image()["version"])
    for project in _PROJECTS:
        with contextlib.suppress(OSError):
            return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return ""


def line(program: str = "workloads") -> str:
    """Return what ``--version`` of a program prints."""
    return f"{program} of hpcpy {version()}".rstrip()
