"""Images in the builder's storage, each under a tag with its key."""

from __future__ import annotations

from pathlib import Path

from hpcpy.build.buildah import SQUASH, Buildah
from hpcpy.build.cached import cached
from hpcpy.build.contexts import add_containerfile, add_debs, add_description, add_recipes
from hpcpy.build.cross import PYTHON, Emulated
from hpcpy.build.graph import Image, Part
from hpcpy.build.parts import make_part, missing_of, missing_parts, part_file
from hpcpy.build.plan import Plan
from hpcpy.build.rootfs import make_rootfs
from hpcpy.build.schedule import in_order
from hpcpy.core import paths
from hpcpy.core.files import place
from hpcpy.core.paths import project_version
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import stage
from hpcpy.fetch.debian import fetch_debs
from hpcpy.pins.arch import ARCHITECTURES

# A configure script keeps at most one core busy, and so do the interpreter's steps at
# the end.  Other parts fill the gaps.
_AT_ONCE = 4


def tag(plan: Plan, image: Image) -> str:
    """Return the name of an image in the storage."""
    return tag_of(image.name, plan.image_key(image))


def tag_of(name: str, key: str) -> str:
    """Return the name of an image with a key."""
    return f"localhost/hpcpy-{name}:{key}"


def unbuilt(plan: Plan, image: Image, buildah: Buildah) -> list[Image]:
    """Return the image and those below it that the storage does not hold."""
    if buildah.has(tag(plan, image)):
        return []
    below = unbuilt(plan, plan.graph.image(image.base), buildah) if image.base else []
    return [*below, image]


def make_image(plan: Plan, image: Image, buildah: Buildah) -> str:
    """Have an image in the storage, and all that it is built on."""
    name = tag(plan, image)
    if buildah.has(name):
        return name
    base = make_image(plan, plan.graph.image(image.base), buildah) if image.base else ""
    if image.parts:
        make_parts(plan, image, buildah)
    with build_scratch(image.name) as context:
        arguments = {"BASE": base} if base else {}
        if image.parts:
            arguments["BUILDER"] = make_image(*plan.builder, buildah)
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
        with stage(f"image {image.name}") as current:
            shipped = bool(image.parts)
            epoch = plan.time_of(image)
            options = [SQUASH] if shipped else []
            if plan.native and not image.base:
                options.append(f"--arch={ARCHITECTURES[plan.arch].debian}")
            buildah.build(current, name, context, epoch, options=options, **arguments)
    return name


def make_parts(plan: Plan, image: Image, buildah: Buildah) -> None:
    """Have the parts of an image in the cache."""
    missing = missing_parts(plan, image)
    # With all parts in the cache the builder is not needed.
    if missing:
        if plan.native:
            _make(missing_of(plan.native, [plan.native.graph.parts[PYTHON]]), plan.native, buildah)
        _make(missing, plan, buildah)


def _make(missing: list[Part], plan: Plan, buildah: Buildah) -> None:
    if missing:
        builder = make_image(*plan.builder, buildah)

        def make(part: Part) -> None:
            make_part(plan, part, builder, buildah)

        in_order(missing, plan.graph.needed, make, at_once=_AT_ONCE, cost=lambda part: part.seconds)


def _add_parts(plan: Plan, image: Image, context: Path) -> None:
    parts = plan.graph.shipped(image)
    add_recipes(context, parts, plan.epoch, shipped=parts)
    for part in parts:
        made = paths.cache_dir() / "parts" / part_file(plan, part)
        place(made, context / "parts" / f"{part.name}.tar")
    add_description(context, plan, image)


def rootfs(plan: Plan, image: Image) -> Path:
    """Return the root filesystem of an image as a tar file, from the cache.

    Its packages are those of the lock (`hpcpy.fetch.debian`).
    """

    def make(temporary: Path) -> None:
        packages = list(fetch_debs(image.debian, plan.arch).paths.values())
        with stage(f"root filesystem of {image.file}") as current:
            make_rootfs(
                temporary,
                packages,
                customize=image.folder / "customize.sh",
                epoch=plan.epoch,
                current=Emulated(current, plan.arch) if plan.native else current,
            )
            current.note = f"{len(packages)} packages, {temporary.stat().st_size / 1e6:.0f} MB"

    return cached("rootfs", f"{image.name}-{plan.rootfs_key(image)}.tar", make)
