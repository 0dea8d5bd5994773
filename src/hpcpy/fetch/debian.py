"""``hpcpy fetch``; the locked Debian packages of a set."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy.fetch.artifacts import Tally, downloads_dir, fetch
from hpcpy.pins.debian import debs, locked_debs
from hpcpy.pins.model import GROUPS, host_arch, sources, wheels


def fetch_debs(name: str, arch: str) -> dict[str, Path]:
    """Fetch the locked packages of a set, without those of the first set; return them by name."""
    return {deb.name: path for deb, path in fetch(debs(name, arch)).items()}


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add no argument."""


def main(_options: argparse.Namespace) -> int:
    """Fetch what is pinned and print how much of it was there already."""
    arch, tally = host_arch(), Tally()
    python = (wheel for group in GROUPS for wheel in wheels(group, arch))
    fetch([*sources().values(), *python, *locked_debs(arch)], tally=tally)
    print(f"{downloads_dir()}: {tally}")
    return 0
