"""The locked Debian packages of a set."""

from __future__ import annotations

from pathlib import Path

from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.debian import debs


def fetch_debs(name: str, arch: str) -> dict[str, Path]:
    """Fetch the locked packages of a set, without those of the first set; return them by name."""
    return {deb.name: path for deb, path in fetch(debs(name, arch)).items()}
