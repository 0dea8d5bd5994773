"""``hpcpy sbom [IMAGE]``: an image's SBOM as a file beside it."""

from __future__ import annotations

import argparse

from hpcpy.build.archive import sbom_of
from hpcpy.build.command import add_arch, add_image, ensure_image
from hpcpy.core import paths
from hpcpy.core.files import whole_file


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Take the SBOM out of the image's OCI archive, building what is missing."""
    archive, _, image = ensure_image("oci", options.image, options.arch)
    target = paths.BUILD / f"{image.file}.spdx.json"
    with whole_file(target) as temporary:
        temporary.write_text(sbom_of(archive))
    print(target)
    return 0
