"""``hpcpy context [IMAGE]``: write a folder from which podman, Docker or buildah build an image."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from hpcpy.build.command import add_image
from hpcpy.build.contexts import (
    add_containerfile,
    add_debs,
    add_description,
    add_materials,
    add_recipes,
)
from hpcpy.build.graph import Image
from hpcpy.build.images import rootfs
from hpcpy.build.plan import Plan, make_plan
from hpcpy.core import paths
from hpcpy.core.files import disk_errors, place
from hpcpy.core.scratch import build_scratch, checkout_lock
from hpcpy.core.stages import stage

_SCRIPT = """\
#!/bin/sh
# Build the images from this folder alone, without a network: sh build.sh [podman|docker]
set -eu
cd "$(dirname "$0")"
engine=${1:-podman}
"""


def image_order(plan: Plan, image: Image) -> list[Image]:
    """Return the images that `image` is built from, in order, itself last."""
    order: list[Image] = []
    for name in (image.base, image.builder):
        if name:
            order += [one for one in image_order(plan, plan.graph.image(name)) if one not in order]
    return [*order, image]


def write_context(plan: Plan, image: Image, folder: Path) -> None:
    """Write the complete build context of one image below `folder`.

    It has verified sources, wheels and packages.  The root filesystem is the
    only built file in it, as no Containerfile can make that.
    """
    target = folder / image.name
    target.mkdir(parents=True)
    add_containerfile(target, image)
    if image.parts:
        parts = plan.graph.built(image)
        add_recipes(target, parts, plan.epoch, shipped=plan.graph.shipped(image))
        for part in parts:
            add_materials(target, part, plan)
        add_description(target, plan, image)
    if not image.base:
        place(rootfs(plan, image), target / "rootfs.tar")
    elif image.debian:
        add_debs(target, plan, image)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)


def main(options: argparse.Namespace) -> int:
    """Write ``build/context`` for an image and all below it."""
    final = paths.BUILD / "context"
    with checkout_lock(), build_scratch("context") as scratch:
        plan = make_plan()
        image = plan.graph.image(options.image)
        folder = scratch / "context"
        with stage(f"build context of {image.name}") as current:
            script = _SCRIPT
            for one in image_order(plan, image):
                write_context(plan, one, folder)
                name = one.name if one is image else f"hpcpy-{one.name}"
                script += f'"$engine" build --tag {name} {one.name}\n'
            (folder / "build.sh").write_text(script)
            with disk_errors(final):
                shutil.rmtree(final, ignore_errors=True)
                folder.rename(final)
            current.note = str(final.relative_to(paths.ROOT))
    print(f"to build it anywhere: sh {final.relative_to(paths.ROOT)}/build.sh podman")
    return 0
