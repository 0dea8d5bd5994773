"""Parts: recipes run in the builder image, their results kept by key."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from hpcpy.build.buildah import Buildah
from hpcpy.build.cached import cached, is_whole
from hpcpy.build.contexts import add_materials, add_recipes
from hpcpy.build.cross import PYTHON, adapt
from hpcpy.build.graph import Image, Part
from hpcpy.build.plan import Plan
from hpcpy.core import paths
from hpcpy.core.files import place
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import Stage, stage


def part_file(plan: Plan, part: Part) -> str:
    """Return the name of a part's result."""
    return f"{part.name}-{plan.part_key(part)}.tar"


def ready_part(plan: Plan, part: Part) -> Path | None:
    """Return a part's result when the cache holds it whole."""
    path = paths.cache_dir() / "parts" / part_file(plan, part)
    return path if is_whole(path) else None


def missing_parts(plan: Plan, image: Image) -> list[Part]:
    """Return the parts that must be built for an image, in order.

    A part in the cache does not ask for those it was built on.
    """
    return missing_of(plan, plan.graph.shipped(image))


def missing_of(plan: Plan, parts: Iterable[Part]) -> list[Part]:
    """Return the parts that must be built for some, in order."""
    missing: list[Part] = []

    def visit(part: Part) -> None:
        if part in missing or ready_part(plan, part) is not None:
            return
        for need in plan.graph.needed(part):
            visit(need)
        missing.append(part)

    for part in parts:
        visit(part)
    return missing


def make_part(plan: Plan, part: Part, builder: str, buildah: Buildah) -> Path:
    """Build one part, those it needs being in the cache."""
    with (
        stage(f"build {part.name}") as current,
        build_scratch(part.name) as folder,
    ):
        context, result = folder / "context", folder / "result"
        result.mkdir()
        needs = plan.graph.needed(part)
        add_recipes(context, [*needs, part], plan.epoch, shipped=[part])
        add_materials(context, part, plan)
        for need in needs:
            made = paths.cache_dir() / "parts" / part_file(plan, need)
            place(made, context / "parts" / f"{need.name}.tar")
        python = None
        if plan.native and plan.runs_python(part):
            python = _python_of_this_machine(plan.native)
        adapt(context, plan.arch, python)

        def run(temporary: Path) -> None:
            _run_recipe(current, buildah, builder, folder)
            # The cache may be on another disk than the checkout.
            shutil.move(result / f"{part.name}.tar", temporary)

        path = cached("parts", part_file(plan, part), run)
        current.note = f"{path.stat().st_size / 1e6:.0f} MB"
        return path


def _python_of_this_machine(native: Plan) -> Path:
    name = part_file(native, native.graph.parts[PYTHON])
    return paths.cache_dir() / "parts" / name


def _run_recipe(current: Stage, buildah: Buildah, builder: str, folder: Path) -> None:
    container = folder.name
    current.run(
        buildah.online("from", "--pull-never", "--name", container, builder), env=buildah.env
    )
    try:
        current.run(
            buildah.offline(
                "run",
                "--isolation=chroot",
                f"--volume={folder / 'context'}:/context:ro",
                f"--volume={folder / 'result'}:/result",
                "--env=RESULT=/result",
                container,
                "sh",
                "/context/recipes/build.sh",
            ),
            env=buildah.env,
        )
    finally:
        subprocess.run(
            buildah.online("rm", container),
            env={**os.environ, **buildah.env},
            capture_output=True,
            check=False,
        )
