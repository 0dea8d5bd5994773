"""``hpcpy sbom [IMAGE]``: an image's SBOM as a file beside it."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy import paths
from hpcpy.build.archive import text_of
from hpcpy.build.command import add_image, have
from hpcpy.errors import UsageError
from hpcpy.files import whole_file

# Where containers/*/Containerfile write it.
_INSIDE = "opt/hpcpy/share/hpcpy/sbom.spdx.json"


def sbom_of(archive: Path) -> str:
    """Return the SBOM that an OCI archive holds."""
    sbom = text_of(archive, _INSIDE)
    if sbom is None:
        raise UsageError(f"{archive.name} has no SBOM; the images that are built on it do")
    return sbom


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)


def main(options: argparse.Namespace) -> int:
    """Take the SBOM out of the image's OCI archive, building what is missing."""
    archive, _, image = have("oci", options.image)
    target = paths.BUILD / f"{image.name}.spdx.json"
    with whole_file(target) as temporary:
        temporary.write_text(sbom_of(archive))
    print(target)
    return 0
