"""``hpcpy check-signature [FOLDER] --key PUBLIC``: check that it is what its makers signed."""

from __future__ import annotations

import argparse

from hpcpy.engine import apptainer
from hpcpy.release import signing
from hpcpy.release.command import add_folder, add_key


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_folder(parser, "a release")
    add_key(parser, "the public key of who signed it, from another place", required=True)


def main(options: argparse.Namespace) -> int:
    """Check signatures and hashes, and name the files that they cover.

    Returns
    -------
    int
        0; problems are raised.
    """
    for name in signing.check(options.folder, options.key, apptainer.find()):
        print(f"{name}: as signed")
    return 0
