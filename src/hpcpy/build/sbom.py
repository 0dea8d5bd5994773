"""``hpcpy sbom [IMAGE]``: an image's bill of materials as a file beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import add_image, have
from hpcpy.build.layers import read_contents
from hpcpy.errors import UsageError
from hpcpy.files import whole_file

# Where containers/*/Containerfile write it.
_INSIDE = "opt/hpcpy/share/hpcpy/sbom.spdx.json"


def bill_of(archive: Path) -> str | None:
    """Return the bill of materials that an OCI archive holds."""
    return read_contents(archive, lambda path: path == _INSIDE).texts.get(_INSIDE)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)


def main(options: argparse.Namespace) -> int:
    """Take the bill out of the image's OCI archive, building what is missing.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    UsageError
        For an image that is none of its own parts, and so has no bill.
    """
    archive, _, image = have("oci", options.image)
    bill = bill_of(archive)
    if bill is None:
        raise UsageError(f"{image.name} has no bill of materials; those that stand on it do")
    target = paths.BUILD / f"{image.name}.spdx.json"
    with whole_file(target) as temporary:
        temporary.write_text(bill)
    print(target)
    return 0
