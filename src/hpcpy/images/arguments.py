"""Arguments that several commands about images have."""

from __future__ import annotations

import argparse

from hpcpy.core.parser import one_of
from hpcpy.pins.model import ARCHITECTURES


def add_arch(parser: argparse.ArgumentParser) -> None:
    """Add the name of an architecture as an option."""
    help_ = f"one of: {', '.join(ARCHITECTURES)} (default: this machine's)"
    known = one_of(ARCHITECTURES)
    parser.add_argument("--arch", type=known, default="", metavar="ARCH", help=help_)


def add_image(parser: argparse.ArgumentParser) -> None:
    """Add the name of an image as an argument."""
    help_ = "a name of containers/images.toml (default: hpcpy)"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="hpcpy", help=help_)
