"""An image with one feature more or less: its interpreter built, its files unpacked."""

from __future__ import annotations

import contextlib
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from hpcpy.build.buildah import buildah
from hpcpy.build.graph import Image, Part
from hpcpy.build.images import make_image
from hpcpy.build.parts import make_part, missing_parts, part_file
from hpcpy.build.plan import Plan
from hpcpy.build.schedule import in_order
from hpcpy.build.sif import SQUASHFS_OPTIONS
from hpcpy.core import paths
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import Stage, stage
from hpcpy.engine.setup import ensure

# The builder takes some 2 GB for each at its link.
_AT_ONCE = 2
PLAIN, ALL = "plain", "all features"


@dataclass(frozen=True)
class Variant:
    """An image with some of the features.

    Attributes
    ----------
    name
        For tables: ``plain``, ``plain + zips``, ``all features``, ``all but zips``.
    image
        It differs from the others only in the parts that have features.
    """

    name: str
    image: Image


@dataclass(frozen=True)
class Unpacked:
    """A variant's files.

    Attributes
    ----------
    root
        The folder that is its ``/``.
    squashed
        Bytes that the parts with features take in a SIF.
    """

    root: Path
    squashed: int


def alone(feature: str) -> str:
    """Return the name of the plain image with one feature."""
    return f"{PLAIN} + {feature}"


def without(feature: str) -> str:
    """Return the name of the image with all features but one."""
    return f"all but {feature}"


def variants(image: Image, features: Sequence[str]) -> Iterator[Variant]:
    """Yield an image with no feature, with each alone, with all and with all but each.

    Parameters
    ----------
    image
        The one with all.
    features
        Those of its features that are asked for.
    """
    yield Variant(PLAIN, replace(image, features=()))
    for name in features:
        yield Variant(alone(name), replace(image, features=(name,)))
    yield Variant(ALL, image)
    for name in features:
        others = tuple(one for one in image.features if one != name)
        yield Variant(without(name), replace(image, features=others))


def build(plan: Plan, wanted: Sequence[Variant]) -> None:
    """Have the parts of all variants in the cache; some 40 s each on two cores."""
    missing = list(dict.fromkeys(part for one in wanted for part in missing_parts(plan, one.image)))
    if not missing:
        return
    with buildah() as storage:
        builder = make_image(plan, plan.graph.image(wanted[0].image.builder), storage)

        def make(part: Part) -> None:
            make_part(plan, part, builder, storage)

        in_order(missing, plan.graph.needed, make, at_once=_AT_ONCE)


@contextlib.contextmanager
def unpacked(
    plan: Plan, wanted: Sequence[Variant], pristine: Path, full: Image
) -> Iterator[dict[str, Unpacked]]:
    """Give the files of all variants by name, for as long as they are needed.

    Parameters
    ----------
    plan, pristine, full
        As for `unpack`.
    wanted
        The variants, built.
    """
    with contextlib.ExitStack() as stack, stage(f"unpack {len(wanted)} variants") as current:
        made = {}
        for one in wanted:
            stack.callback(shutil.rmtree, _place(one, pristine), ignore_errors=True)
            root = unpack(plan, one, pristine, full, current)
            made[one.name] = Unpacked(root, squashed(plan, one.image, current))
        leaving = stack.pop_all()
    with leaving:
        yield made


def _place(one: Variant, pristine: Path) -> Path:
    return pristine.with_name(one.name.replace(" ", "-"))


def unpack(plan: Plan, one: Variant, pristine: Path, full: Image, current: Stage) -> Path:
    """Return the files of a variant; those that it shares with the image are hard links.

    Parameters
    ----------
    plan
        Names its parts.
    one
        The variant, built.
    pristine
        The unpacked files of the image with all features.
    full
        That image.
    current
        Runs the commands.
    """
    root = _place(one, pristine)
    shutil.rmtree(root, ignore_errors=True)
    current.run(["cp", "-al", pristine, root])
    changed: set[PurePosixPath] = set()
    for archive in _with_features(plan, full):
        with tarfile.open(archive) as tar:
            files = [PurePosixPath(entry.name) for entry in tar if not entry.isdir()]
        for file in files:
            (root / file).unlink()
        changed.update(folder for file in files for folder in file.parents)
    for archive in _with_features(plan, one.image):
        with tarfile.open(archive) as tar:
            changed.update(PurePosixPath(entry.name) for entry in tar if entry.isdir())
            _extract(tar, root)
    # A start looks whether site-packages has changed since the build.
    for folder in changed:
        if (pristine / folder).is_dir():
            shutil.copystat(pristine / folder, root / folder)
    return root


def squashed(plan: Plan, image: Image, current: Stage) -> int:
    """Return how many bytes of a SIF are the parts that have features."""
    mksquashfs = ensure("apptainer").mksquashfs
    with build_scratch("squashed") as folder:
        content, made = folder / "content", folder / "made.sqfs"
        for archive in _with_features(plan, image):
            with tarfile.open(archive) as tar:
                _extract(tar, content)
        current.run([mksquashfs, content, made, *SQUASHFS_OPTIONS])
        return made.stat().st_size


def _with_features(plan: Plan, image: Image) -> list[Path]:
    """Return the archives of the parts that differ from one variant to another."""
    return [
        paths.cache_dir() / "parts" / part_file(plan, part)
        for part in plan.graph.shipped(image)
        if plan.graph.has_features(part)
    ]


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    # A part of our own.  Debian 12's Python knows no filters.
    if hasattr(tarfile, "tar_filter"):
        tar.extraction_filter = tarfile.tar_filter
    tar.extractall(folder)  # noqa: S202
