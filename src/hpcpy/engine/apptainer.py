"""The Apptainer to use: the one on PATH, or the one under build/tools."""

from __future__ import annotations

from pathlib import Path

from hpcpy.core.errors import UnavailableError
from hpcpy.engine import prefix
from hpcpy.engine.tools import needed, on_path


def find() -> Path:
    """Return the path of an Apptainer that is recent enough."""
    tool = needed(["apptainer"])[0]
    found = on_path(tool)
    if found and found.usable:
        return found.path
    if prefix.is_ready():
        return prefix.command()
    place = prefix.made_for()
    of_another = f" (that of build/tools was made for {place})" if place else ""
    raise UnavailableError(
        f"no Apptainer >= {tool.minimum} here{of_another}", hint="run: make setup"
    )
