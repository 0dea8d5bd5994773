"""``python3 -m hpcpy fetch``: every pinned file into the cache."""

from __future__ import annotations

import argparse

from hpcpy.core.files import in_words
from hpcpy.fetch.debian import fetch_debs
from hpcpy.fetch.many import fetch
from hpcpy.fetch.one import Tally, downloads_dir
from hpcpy.pins.arch import host_arch
from hpcpy.pins.debian import debian_request
from hpcpy.pins.model import GROUPS, sources, wheels


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add no argument."""


def main(_options: argparse.Namespace) -> int:
    """Fetch what is pinned and print how much of it was there already."""
    arch, tally = host_arch(), Tally()
    every = [*sources().values(), *(one for group in GROUPS for one in wheels(group, arch))]
    fetch(every, tally=tally)
    for name in debian_request().sets_of(arch):
        fetch_debs(name, arch, tally=tally)
    print(
        f"{tally.files} files in {downloads_dir()}: {in_words(tally.downloaded)} downloaded,"
        f" {in_words(tally.present)} already there"
    )
    return 0
