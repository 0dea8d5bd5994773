"""``hpcpy clean [--all]``: remove what was built below ``build/``; the cache stays."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy import paths
from hpcpy.cache.removal import remove_tree
from hpcpy.checkout_lock import checkout_lock
from hpcpy.cluster.command import stop
from hpcpy.cluster.layout import Layout, default_layout

_IMAGES = ("*.sif", "*.tar", "*.json", "*.png", "context", "docs", "gpu", "logs", "startup")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "stop local clusters, then remove all of build/, tools included"
    parser.add_argument("--all", action="store_true", help=help_)


def main(options: argparse.Namespace) -> int:
    """Remove the images and what was made of them, or all of ``build/``.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    UnavailableError
        When a cluster runs and this user may not stop it, or when something is
        mounted there.
    DiskError
        When something cannot be removed.
    """
    if options.all:
        for layout in clusters():
            stop(layout)
        # What a killed benchmark of a shared file system has left.
        if (storm := Layout(paths.BUILD / "storm/cluster")).run.exists():
            stop(storm)
    if not paths.BUILD.exists():
        return 0
    with checkout_lock():
        found = [paths.BUILD] if options.all else _images()
        for path in found:
            remove_tree(path)
    return 0


def clusters() -> list[Layout]:
    """Return the checkout's cluster, and those that killed tests have left."""
    own = default_layout()
    marks = sorted(paths.BUILD.glob(f"*/{own.mark.name}"))
    return [own, *(Layout(mark.parent) for mark in marks if mark != own.mark)]


def _images() -> list[Path]:
    return [path for pattern in _IMAGES for path in sorted(paths.BUILD.glob(pattern))]
