"""What each feature of the interpreter is worth, added to none and taken out of all."""

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from checkout import run
from hpcpy.core import paths
from hpcpy.core.files import GIB, require_free
from hpcpy.core.stages import Stage, stage
from hpcpy.images.buildah import buildah
from hpcpy.images.command import ensure_image
from hpcpy.images.graph import Image
from hpcpy.images.make import make_parts, part_path
from hpcpy.images.plan import Plan
from measure import report, roots
from measure.cases import CASES
from measure.samples import measure
from measure.targets import container, image_variables, unpacked

_IMAGE = "hpcpy"
_CASES = tuple(
    case for case in CASES if case.name in ("pass", "numpy", "core", "core script", "core + kernel")
)
# An executable of 140 MB for each variant, twice: in the cache and unpacked.
_DISK_OF_ONE = 300 * 10**6
# Name of a variant -> the image; it differs only in the parts that have features.
Variants = dict[str, Image]


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    # Quartiles of fewer say nothing.
    report.add_options(parser, samples=20, least=6)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``features.json``, print a table."""
    _, plan, image = ensure_image("sif", _IMAGE)
    features = image.features
    (base,) = roots.images([_IMAGE], options.sif)
    wanted = variants(image, features)
    require_free(paths.BUILD, len(wanted) * _DISK_OF_ONE + GIB, f"{len(wanted)} variants")
    _build(plan, wanted)
    with report.work_folder() as work, unpacked_variants(plan, wanted, base.root) as made:
        facts = {**report.circumstances("features", [base], work), "features": features}
        variables = image_variables(container(_IMAGE, base.sif, work))
        targets = [unpacked(f"{name}, host", root, work, variables) for name, root in made.items()]
        starts = measure(targets, options.samples, _CASES)
    return report.finish({**facts, "results": starts}, options.out)


def variants(image: Image, features: Sequence[str]) -> Variants:
    """Return an image with no feature, with each alone, with all and with all but each."""
    chosen: dict[str, tuple[str, ...]] = {"plain": (), "all features": image.features}
    for name in features:
        chosen[f"plain + {name}"] = (name,)
        chosen[f"all but {name}"] = tuple(other for other in image.features if other != name)
    return {name: replace(image, features=some) for name, some in chosen.items()}


def _build(plan: Plan, wanted: Variants) -> None:
    """Have the parts of all variants in the cache; some 40 s each on two cores."""
    with buildah() as storage:
        # One after the other: each interpreter's link takes some 2 GB.
        for image in wanted.values():
            make_parts(plan, plan.graph.shipped(image), storage)


@contextlib.contextmanager
def unpacked_variants(plan: Plan, wanted: Variants, pristine: Path) -> Iterator[dict[str, Path]]:
    """Give the files of all variants by name, for as long as they are needed."""
    with contextlib.ExitStack() as stack:
        made = {}
        with stage(f"unpack {len(wanted)} variants") as current:
            for name, image in wanted.items():
                root = made[name] = pristine.with_name(name.replace(" ", "-"))
                stack.callback(shutil.rmtree, root, ignore_errors=True)
                _unpack(plan, image, pristine, root, current)
        yield made


def _unpack(plan: Plan, image: Image, pristine: Path, root: Path, current: Stage) -> None:
    """Make a variant's files: hard links, but for those of the parts that differ.

    What another feature has brought stays, and nothing asks for it.
    """
    shutil.rmtree(root, ignore_errors=True)
    current.run(["cp", "-al", pristine, root])
    for part in plan.graph.shipped(image):
        if plan.graph.has_features(part):
            # It removes what is there before it writes.
            current.run(["tar", "-x", f"--directory={root}", f"--file={part_path(plan, part)}"])
    # A start looks whether site-packages has changed since the build.
    for folder, _, _ in os.walk(pristine):
        shutil.copystat(folder, root / Path(folder).relative_to(pristine))


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
