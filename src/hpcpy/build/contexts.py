"""Build contexts: all that a Containerfile reads, in one folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from hpcpy.build import cross
from hpcpy.build.graph import Image, Part
from hpcpy.build.plan import Plan
from hpcpy.build.sbom_pins import add_sbom_pins
from hpcpy.build.tool import add_tool
from hpcpy.core import paths
from hpcpy.core.files import place
from hpcpy.core.paths import project_version
from hpcpy.fetch.debian import fetch_debs
from hpcpy.fetch.many import fetch
from hpcpy.fetch.one import take


def add_containerfile(folder: Path, image: Image) -> None:
    """Add the image's Containerfile, and what lies beside it."""
    for path in image.folder.iterdir():
        if path.is_file():
            place(path, folder / path.name)


def add_debs(folder: Path, plan: Plan, image: Image) -> None:
    """Add the Debian packages that an image installs over those of its base."""
    for package in fetch_debs(image.debian, plan.arch).paths.values():
        take(package, folder / "debs" / package.name)
    for package in fetch(plan.libraries(image)).values():
        take(package, folder / "libraries" / package.name)


def add_recipes(
    folder: Path, parts: Iterable[Part], epoch: int, *, shipped: Collection[Part]
) -> None:
    """Add the scripts that build `parts`, their order and their time.

    Those that are not `shipped` are only there for others to be built on.
    """
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
    """Add what the recipe of `part` reads, below ``<folder>/<part>``.

    Everything is fetched and verified first.
    """
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
        for path in fetch_debs(name, arch).paths.values():
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


def add_description(folder: Path, plan: Plan, image: Image) -> None:
    """Add the image's description, its command ``hpcpy``, and what its SBOM is made from."""
    description = folder / "image.json"
    description.write_text(_described(plan, image.name, image.stack, plan.image_key(image)))
    # It is copied into the image as it is, whatever the umask.
    description.chmod(0o644)
    add_tool(folder, plan.epoch)
    add_sbom_pins(folder, plan, image, project_version())


def _described(plan: Plan, name: str, stack: str, key: str) -> str:
    fields = {
        "name": name,
        "stack": stack,
        "version": project_version(),
        "inputs": key,
        "architecture": plan.arch,
        "epoch": plan.epoch,
        "reproducible": not plan.replaced,
        "replaced": sorted(plan.replaced),
    }
    return json.dumps(fields, indent=1) + "\n"
