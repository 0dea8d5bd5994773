"""``hpcpy fetch``: everything that is pinned, into the cache."""

from __future__ import annotations

import argparse

from hpcpy.fetch.artifacts import Tally, downloads_dir, fetch
from hpcpy.pins.debian import locked_debs
from hpcpy.pins.model import GROUPS, host_arch, sources, wheels


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add no argument."""


def main(_options: argparse.Namespace) -> int:
    """Fetch what is pinned and print how much of it was there already."""
    arch, tally = host_arch(), Tally()
    python = (wheel for group in GROUPS for wheel in wheels(group, arch))
    fetch([*sources().values(), *python, *locked_debs(arch)], tally=tally)
    print(f"{downloads_dir()}: {tally}")
    return 0
