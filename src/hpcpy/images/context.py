"""Build contexts: all that a Containerfile or a recipe reads, in one folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import place
from hpcpy.core.paths import project_version
from hpcpy.fetch.artifacts import fetch, take
from hpcpy.fetch.debian import fetch_debs
from hpcpy.images import cross, own_command, sbom_pins
from hpcpy.images.graph import Image, Part
from hpcpy.images.plan import Plan
from hpcpy.images.rootfs import rootfs


def add_own(folder: Path, plan: Plan, image: Image) -> None:
    """Add what an image has beside its parts."""
    # The Containerfile, and what lies beside it.
    for path in image.folder.iterdir():
        if path.is_file():
            place(path, folder / path.name)
    if image.parts:
        _add_description(folder, plan, image)
    if not image.base:
        place(rootfs(plan, image), folder / "rootfs.tar")
    elif image.debian:
        # What it installs over the packages of its base.
        for package in fetch_debs(image.debian, plan.arch).values():
            take(package, folder / "debs" / package.name)
        for package in fetch(plan.libraries(image)).values():
            take(package, folder / "libraries" / package.name)


def add_recipes(
    folder: Path, parts: Iterable[Part], epoch: int, *, shipped: Collection[Part]
) -> None:
    """Add the scripts that build `parts`, in order; those not `shipped` are for the others."""
    order = []
    for part in parts:
        order.append(f"{part.name} {'shipped' if part in shipped else 'needed'}")
        for recipe in part.recipes:
            target = folder / "recipes" / recipe.name
            if not target.exists():
                place(recipe, target)
    (folder / "recipes" / "parts.list").write_text("".join(f"{name}\n" for name in order))
    (folder / "recipes" / "epoch").write_text(f"{epoch}\n")


def add_materials(folder: Path, part: Part, plan: Plan) -> None:
    """Add what the recipe of `part` reads, fetched and verified, below ``<folder>/<part>``."""
    tools = plan.tools(part)
    for artifact, path in fetch(plan.pins(part)).items():
        # Recipes open a source as NAME.tar.*, whatever its server calls it.  The
        # wheel of a package that is built from source is also called NAME.
        is_source = artifact.name in part.sources and path.suffix != ".whl"
        name = f"{artifact.name}.tar{path.suffix}" if is_source else path.name
        if plan.native is not None and artifact in tools:
            name = cross.tool_name(path.name, plan.arch)
        take(path, folder / part.name / name)
    for name, arch in plan.debian_sets(part):
        for path in fetch_debs(name, arch).values():
            take(path, folder / part.name / path.name)
    if part.features_in:
        names = "".join(f"{name}\n" for name in part.features)
        (folder / part.name).mkdir(exist_ok=True)
        (folder / part.name / "features").write_text(names)
    for path in part.files:
        place(path, folder / part.name / path.relative_to(paths.ROOT))
    if part.described:
        description = _described(plan, "hpcpy-python", part.stack, plan.part_key(part))
        (folder / part.name / "image.json").write_text(description)
        for path in own_command.files(on_hosts=True):
            place(path, folder / part.name / "tool" / path.relative_to(paths.ROOT))


def _add_description(folder: Path, plan: Plan, image: Image) -> None:
    """Add the image's description, and what its SBOM is made from."""
    description = folder / "image.json"
    description.write_text(_described(plan, image.name, image.stack, plan.image_key(image)))
    # It is copied into the image as it is, whatever the umask.
    description.chmod(0o644)
    # The last step of the image's build makes its SBOM from these.
    (folder / "pins.json").write_text(sbom_pins.pins(plan, image))
    for path in sbom_pins.writer_files():
        place(path, folder / path.relative_to(paths.ROOT))


def _described(plan: Plan, name: str, stack: str, key: str) -> str:
    fields = {
        "name": name,
        "stack": stack,
        "version": project_version(),
        "inputs": key,
        "architecture": plan.arch,
        "epoch": plan.epoch,
    }
    return json.dumps(fields, indent=1) + "\n"
