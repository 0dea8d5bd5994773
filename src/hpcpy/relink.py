"""``hpcpy relink NAME``: move a library of Debian's to its newest version, link an image anew."""

from __future__ import annotations

import argparse

from hpcpy.images.command import add_arch, ensure_image
from hpcpy.images.graph import the_graph
from hpcpy.lock import command as lock


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a source of Debian's, or one of its packages: all of a source move together"
    parser.add_argument("names", nargs="+", metavar="NAME", help=help_)
    parser.add_argument("--image", metavar="IMAGE", default="hpcpy", help="default: hpcpy")
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Move the named sources, and no others; build what is linked with them."""
    image = the_graph().image(options.image)  # a wrong name is told before the lock moves
    lock.main(argparse.Namespace(names=["debian"], only=options.names))
    print(ensure_image("sif", image.name, options.arch)[0])
    return 0
