"""``hpcpy sbom [IMAGE]``: a software bill of materials as a file: an image's, or of pins."""

from __future__ import annotations

import argparse
import os
import tarfile
from dataclasses import replace
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import write_whole
from hpcpy.images.cached import read_stamp, require_bytes
from hpcpy.images.command import add_arch, ensure_image
from hpcpy.images.oci import blob, json_of, stream
from hpcpy.images.plan import Plan, make_plan
from hpcpy.images.sbom_pins import expected, of_host, of_lock
from hpcpy.images.vex import vex
from hpcpy.sbom.contents import Contents
from hpcpy.sbom.image import sbom
from hpcpy_common.errors import UsageError

# Where containers/*/Containerfile write it.
_SBOM = "opt/hpcpy/share/hpcpy/sbom.spdx.json"
HOST = "host"  # in the place of an image
_BASE = "base"  # what all images are built on


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


def sbom_of_pins(plan: Plan, name: str) -> str:
    """Return the SBOM of `HOST`, or of a lock of env/."""
    base = expected(plan, plan.graph.image(_BASE))
    release = next(pin.version for pin in base.pins if pin.name == "base-files").partition(".")[0]
    pins = tuple(of_host(plan) if name == HOST else of_lock(plan, name))
    of_pins = replace(base, image=name, summary=f"What is pinned in env/: {name}", pins=pins)
    return sbom(of_pins, Contents(Path(os.devnull), {}, {}, {}, release))


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a name of containers/images.toml, host, or a lock of env/ (default: hpcpy)"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="hpcpy", help=help_)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Take it out of the image's OCI archive, building what is missing, or write that of pins."""
    name = options.image
    if name in (HOST, *(file.name for file in paths.ENV.glob("*.lock") if file.is_file())):
        plan = make_plan(options.arch)
        text, name = sbom_of_pins(plan, name), f"{name}{plan.graph.image(_BASE).suffix}"
    elif name.endswith(".lock"):
        raise UsageError(f"no lock {name!r} in env/", hint="ls env/*.lock")
    else:
        archive, plan, image = ensure_image("oci", name, options.arch)
        require_bytes(archive, read_stamp(archive).get("sha256"))
        name, text = image.file, sbom_of(archive)
        write_whole(paths.BUILD / f"{name}.openvex.json", vex(plan, image))
    target = paths.BUILD / f"{name}.spdx.json"
    write_whole(target, text)
    print(target)
    return 0
