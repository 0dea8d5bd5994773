"""``hpcpy sbom [IMAGE]``: an image's software bill of materials as a file."""

from __future__ import annotations

import argparse
import tarfile
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import write_whole
from hpcpy.images.cached import read_stamp, require_bytes
from hpcpy.images.command import add_arch, ensure_image
from hpcpy.images.oci import blob, json_of, stream

# Where containers/*/Containerfile write it.
_SBOM = "opt/hpcpy/share/hpcpy/sbom.spdx.json"


def sbom_of(archive: Path) -> str:
    """Return the SBOM that an OCI archive holds, by the topmost layer that has it."""
    sbom = None
    with tarfile.open(archive) as tar:
        manifest = json_of(tar, blob(json_of(tar, "index.json")["manifests"][0]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=stream(tar, blob(layer)), mode="r|*") as files:
                for entry in files:
                    if entry.name.removeprefix("./") == _SBOM:
                        sbom = stream(files, entry).read().decode()
    if sbom is None:
        raise UsageError(f"{archive.name} has no SBOM; the images that are built on it do")
    return sbom


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a name of containers/images.toml (default: hpcpy)"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="hpcpy", help=help_)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Take the SBOM out of the image's OCI archive, building what is missing."""
    archive, _, image = ensure_image("oci", options.image, options.arch)
    require_bytes(archive, read_stamp(archive).get("sha256"))
    target = paths.BUILD / f"{image.file}.spdx.json"
    write_whole(target, sbom_of(archive))
    print(target)
    return 0
