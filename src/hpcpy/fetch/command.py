"""``python3 -m hpcpy fetch``: every pinned file into the cache."""

from __future__ import annotations

import argparse

from hpcpy.core.errors import UsageError, suggestion
from hpcpy.core.files import in_words
from hpcpy.fetch.debian import fetch_debs
from hpcpy.fetch.many import fetch
from hpcpy.fetch.one import Tally, downloads_dir
from hpcpy.pins.arch import host_arch
from hpcpy.pins.debian import debian_request
from hpcpy.pins.model import GROUPS, Artifact, sources, wheels


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a source or a Python package of env/ (default: all, Debian's packages too)"
    parser.add_argument("names", nargs="*", metavar="NAME", help=help_)


def main(options: argparse.Namespace) -> int:
    """Fetch what is pinned and print how much of it was there already."""
    arch = host_arch()
    pinned = _by_name(arch)
    tally = Tally()
    for name in options.names:
        if name not in pinned:
            hint = suggestion(name, pinned, "see env/")
            raise UsageError(f"no source or Python package {name!r} is pinned", hint=hint)
    names = options.names or list(pinned)
    fetch((artifact for name in names for artifact in pinned[name]), tally=tally)
    if not options.names:
        for name in debian_request().sets_of(arch):
            fetch_debs(name, arch, tally=tally)
    print(
        f"{tally.files} files in {downloads_dir()}: {in_words(tally.downloaded)} downloaded,"
        f" {in_words(tally.present)} already there"
    )
    return 0


def _by_name(arch: str) -> dict[str, list[Artifact]]:
    """Return all artifacts but Debian's; a source and a wheel may share a name."""
    pinned: dict[str, list[Artifact]] = {}
    for artifact in sources().values():
        pinned.setdefault(artifact.name, []).append(artifact)
    for group in GROUPS:
        for artifact in wheels(group, arch):
            pinned.setdefault(artifact.name, []).append(artifact)
    return pinned
