"""The interpreter as one file, for hosts without an engine: docs/how-to/standalone.md."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path

from hpcpy.core.files import disk_errors, sha256, write_whole
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import stage
from hpcpy.images.buildah import buildah
from hpcpy.images.cached import write_stamp
from hpcpy.images.graph import Image
from hpcpy.images.make import make_parts, part_path
from hpcpy.images.oci import fetch_materials
from hpcpy.images.outputs import standalone_path, standalone_sbom
from hpcpy.images.plan import Plan
from hpcpy.images.sbom_pins import expected
from hpcpy.images.vex import vex
from hpcpy.sbom.contents import CONTAINED, Expected, look
from hpcpy.sbom.image import sbom

# What its recipe calls it, for each image.
_MADE = "hpcpy-python"
# What of the image is not in the file: programs, drivers, and libraries of a container's MPI.
_LEFT_OUT = frozenset({"manylinux", "pocl", "strace"})


def make_standalone(plan: Plan, image: Image) -> Path:
    """Have ``build/hpcpy-python`` or its like, and its SBOM beside it."""
    target = standalone_path(image)
    sbom_file, part = standalone_sbom(target), plan.graph.of(image, "standalone")
    wanted = replace(image, parts=(part.name,))
    with buildah() as builder:
        fetch_materials(plan, [wanted])
        make_parts(plan, [part], builder)
    with stage(target.name) as current, build_scratch("standalone") as folder, disk_errors(target):
        shutil.unpack_archive(part_path(plan, part), folder, "tar")
        about = folder / "about"
        site = next(about.glob("**/site-packages"))
        # After a comparison of the file's packages with their pins.
        bill = sbom(_expected(plan, image), look(about, distributions(path=[str(site)])))
        write_whole(sbom_file, bill)
        write_whole(target.with_name(f"{target.name}.openvex.json"), vex(plan, image))
        shutil.move(folder / _MADE, target)
        target.chmod(0o755)
        current.note = f"{target.stat().st_size / 1e6:.0f} MB"
    key, sum_ = plan.part_key(part), sha256(sbom_file)
    write_stamp(target, inputs=key, sbom=sum_)
    return target


def _expected(plan: Plan, image: Image) -> Expected:
    parts = (*(name for name in image.parts if name not in _LEFT_OUT), "standalone")
    name = standalone_path(image).name
    summary = f"The interpreter of {image.name} as one file, on the host's own C library"
    without_base = replace(image, name=name, summary=summary, base="", debian="", parts=parts)
    of_image = expected(plan, without_base)
    # It has those Debian packages that are linked in; the others are the container's PMIx.
    pins = tuple(pin for pin in of_image.pins if pin.kind != "debian" or pin.use != CONTAINED)
    return replace(of_image, pins=pins)
