"""Images in the builder's storage, each under a tag with its key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hpcpy import paths
from hpcpy.build.buildah import Buildah
from hpcpy.build.cached import cached, is_whole
from hpcpy.build.contexts import add_containerfile, add_debs, add_description, add_recipes
from hpcpy.build.graph import Image, Part
from hpcpy.build.parts import make_part, missing_parts, part_file
from hpcpy.build.plan import Plan
from hpcpy.build.rootfs import make_rootfs
from hpcpy.build.schedule import chains, in_order, niceness
from hpcpy.fetch.debian import fetch_debs
from hpcpy.files import place
from hpcpy.scratch import build_scratch
from hpcpy.stages import stage
from hpcpy.version import project_version

# A configure script keeps at most one core busy, and so do the interpreter's steps at
# the end.  Parts that nothing waits for fill the gaps: they start as soon as they can,
# and their compilers run at a higher niceness.
_AT_ONCE = 4


def _seconds(part: Part) -> float:
    return part.seconds


def tag(plan: Plan, image: Image) -> str:
    """Return the name of an image in the storage."""
    return tag_of(image.name, plan.image_key(image))


def tag_of(name: str, key: str) -> str:
    """Return the name of an image with a key."""
    return f"localhost/hpcpy-{name}:{key}"


def image_title(image: Image) -> str:
    """Return the title of the stage that builds an image from what is there."""
    return f"image {image.name}"


def rootfs_title(image: Image) -> str:
    """Return the title of the stage that makes an image's root filesystem."""
    return f"root filesystem of {image.name}"


def unbuilt(plan: Plan, image: Image, buildah: Buildah) -> list[Image]:
    """Return the image and those below it that the storage does not hold."""
    if buildah.has(tag(plan, image)):
        return []
    below = unbuilt(plan, plan.graph.image(image.base), buildah) if image.base else []
    return [*below, image]


def make_image(plan: Plan, image: Image, buildah: Buildah) -> str:
    """Have an image in the storage, and all that it is built on.

    Returns
    -------
    str
        Its tag.
    """
    name = tag(plan, image)
    if buildah.has(name):
        return name
    base = make_image(plan, plan.graph.image(image.base), buildah) if image.base else ""
    if image.parts:
        _make_parts(plan, image, buildah)
    with build_scratch(image.name) as context:
        arguments = {"BASE": base} if base else {}
        if image.parts:
            arguments["BUILDER"] = make_image(plan, plan.graph.image(image.builder), buildah)
            arguments |= {
                "NAME": image.name,
                "SUMMARY": image.summary,
                "LICENCES": image.licences,
                "VERSION": project_version(),
                "INPUTS": plan.image_key(image),
            }
            _add_parts(plan, image, context)
        if not image.base:
            place(rootfs(plan, image), context / "rootfs.tar")
        elif image.debian:
            add_debs(context, plan, image)
        add_containerfile(context, image)
        with stage(image_title(image)) as current:
            shipped = bool(image.parts)
            epoch = plan.time_of(image)
            buildah.build(current, name, context, epoch, squash=shipped, **arguments)
    return name


def _make_parts(plan: Plan, image: Image, buildah: Buildah) -> None:
    missing = missing_parts(plan, image)
    # With all parts in the cache the builder is not needed.
    if missing:
        builder = make_image(plan, plan.graph.image(image.builder), buildah)
        found = chains(missing, plan.graph.needed, _seconds)

        def make(part: Part) -> None:
            make_part(plan, part, builder, replace(buildah, nice=niceness(found, part)))

        in_order(missing, plan.graph.needed, make, at_once=_AT_ONCE, cost=_seconds)


def _add_parts(plan: Plan, image: Image, context: Path) -> None:
    parts = plan.graph.shipped(image)
    add_recipes(context, parts, plan.epoch, shipped=parts)
    for part in parts:
        made = paths.cache_dir() / "parts" / part_file(plan, part)
        place(made, context / "parts" / f"{part.name}.tar")
    add_description(context, plan, image)


def has_rootfs(plan: Plan, image: Image) -> bool:
    """Tell whether the cache has the root filesystem of an image."""
    return is_whole(paths.cache_dir() / "rootfs" / _rootfs_file(plan, image))


def _rootfs_file(plan: Plan, image: Image) -> str:
    return f"{image.name}-{plan.rootfs_key(image)}.tar"


def rootfs(plan: Plan, image: Image) -> Path:
    """Return the root filesystem of an image as a tar file, from the cache.

    Its packages are those of the lock (`hpcpy.fetch.debian`).
    """

    def make(temporary: Path) -> None:
        packages = list(fetch_debs(image.debian, plan.arch).paths.values())
        with stage(rootfs_title(image)) as current:
            make_rootfs(
                temporary,
                packages,
                customize=image.folder / "customize.sh",
                epoch=plan.epoch,
                current=current,
            )
            current.note = f"{len(packages)} packages, {temporary.stat().st_size / 1e6:.0f} MB"

    return cached("rootfs", _rootfs_file(plan, image), make)
