"""Images in the builder's storage, each under a tag with its key."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import share
from hpcpy.core.paths import project_version
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import Stage, in_order, stage
from hpcpy.images.buildah import SQUASH, Buildah
from hpcpy.images.cached import cached, is_whole
from hpcpy.images.context import add_materials, add_own, add_recipes
from hpcpy.images.cross import PYTHON, adapt
from hpcpy.images.graph import Image, Part
from hpcpy.images.plan import Plan
from hpcpy.pins.model import ARCHITECTURES
from hpcpy_common.errors import HpcpyError


def part_path(plan: Plan, part: Part) -> Path:
    """Return where the cache has a part's result."""
    return paths.cache_dir() / "parts" / f"{part.name}-{plan.part_key(part)}.tar"


def missing_parts(plan: Plan, parts: Iterable[Part]) -> list[Part]:
    """Return the parts to build for some, in order; a cached one asks for none it was built on."""
    missing: list[Part] = []

    def visit(part: Part) -> None:
        if part in missing or is_whole(part_path(plan, part)):
            return
        for need in plan.graph.needed(part):
            visit(need)
        missing.append(part)

    for part in parts:
        visit(part)
    return missing


def make_part(plan: Plan, part: Part, builder: str, buildah: Buildah) -> Path:
    """Build one part, those it needs being in the cache."""
    with stage(f"build {part.name}") as current, build_scratch(part.name) as folder:
        context, result = folder / "context", folder / "result"
        result.mkdir()
        needs = plan.graph.needed(part)
        add_recipes(context, [*needs, part], plan.epoch, shipped=[part])
        add_materials(context, part, plan)
        for need in needs:
            share(part_path(plan, need), context / "parts" / f"{need.name}.tar")
        python = None
        if plan.native and plan.runs_python(part):
            python = part_path(plan.native, plan.native.graph.parts[PYTHON])
        adapt(context, plan.arch, python)
        require_unchanged(plan, lambda now: now.part_key(part))

        def run(temporary: Path) -> None:
            _run_recipe(current, buildah, builder, folder)
            # The cache may be on another disk than the checkout.
            shutil.move(result / f"{part.name}.tar", temporary)

        path = cached("parts", part_path(plan, part).name, run)
        current.note = f"{path.stat().st_size / 1e6:.0f} MB"
        return path


def require_unchanged(plan: Plan, key: Callable[[Plan], str]) -> None:
    """Refuse a context with other files than those that the key in the cache stands for."""
    if key(plan.again()) != key(plan):
        raise HpcpyError("the checkout has changed since this build began", hint="run it again")


def _run_recipe(current: Stage, buildah: Buildah, builder: str, folder: Path) -> None:
    container = folder.name
    # A program at fixed addresses, which the default forbids: recipes/python_source.sh.
    seccomp = "--security-opt=seccomp=unconfined"
    begin = buildah.online("from", "--pull-never", seccomp, "--name", container, builder)
    volumes = (f"{folder / 'context'}:/context:ro", f"{folder / 'result'}:/result")
    options = (*(f"--volume={volume}" for volume in volumes), "--env=RESULT=/result")
    words = ("--isolation=chroot", *options, container, "sh", "/context/recipes/build.sh")
    current.run(begin, env=buildah.env)
    try:
        current.run(buildah.offline("run", *words), env=buildah.env)
    finally:
        buildah.remove_container(container)


# A configure script keeps at most one core busy, and so do the interpreter's steps at
# the end.  Other parts fill the gaps.
_AT_ONCE = 4


def tag(plan: Plan, image: Image) -> str:
    """Return the name of an image in the storage."""
    return f"localhost/hpcpy-{image.name}:{plan.image_key(image)}"


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
        make_parts(plan, plan.graph.shipped(image), buildah)
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
            parts = plan.graph.shipped(image)
            add_recipes(context, parts, plan.epoch, shipped=parts)
            for part in parts:
                share(part_path(plan, part), context / "parts" / f"{part.name}.tar")
        add_own(context, plan, image)
        require_unchanged(plan, lambda now: now.image_key(image))
        with stage(f"image {image.name}") as current:
            epoch = plan.time_of(image)
            options = [SQUASH] if image.parts else []
            if plan.native and not image.base:
                options.append(f"--arch={ARCHITECTURES[plan.arch].debian}")
            buildah.build(current, name, context, epoch, options=options, **arguments)
    return name


def make_parts(plan: Plan, parts: Iterable[Part], buildah: Buildah) -> None:
    """Have some parts in the cache."""
    missing = missing_parts(plan, parts)
    # With all parts in the cache the builder is not needed.
    if not missing:
        return
    if plan.native:
        make_parts(plan.native, [plan.native.graph.parts[PYTHON]], buildah)
    builder = make_image(*plan.builder, buildah)

    def make(part: Part) -> None:
        make_part(plan, part, builder, buildah)

    in_order(missing, plan.graph.needed, make, at_once=_AT_ONCE)
