"""``hpcpy sign [FOLDER] --key KEY``: sign a release, on whatever machine has the key."""

from __future__ import annotations

import argparse

from hpcpy.engine import apptainer
from hpcpy.release import signing
from hpcpy.release.command import add_folder, add_key
from hpcpy.stages import stage


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_folder(parser, "a release that nobody has signed")
    add_key(parser, "the private key", required=True)


def main(options: argparse.Namespace) -> int:
    """Sign the hashes and the SIF.

    Returns
    -------
    int
        0; problems are raised.
    """
    with stage(f"sign {options.folder.name}"):
        signing.sign(options.folder, options.key, apptainer.find())
    return 0
