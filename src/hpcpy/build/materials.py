"""What an image is made from, fetched before it is needed."""

from __future__ import annotations

from collections.abc import Sequence

from hpcpy.build.graph import Image
from hpcpy.build.parts import missing_parts
from hpcpy.build.plan import Plan
from hpcpy.fetch.debian import fetch_debs
from hpcpy.fetch.many import fetch
from hpcpy.fetch.one import Tally
from hpcpy.files import in_words
from hpcpy.pins.model import Artifact
from hpcpy.stages import stage

MATERIALS = "fetch sources, wheels and packages"


def packages_of(images: Sequence[Image]) -> str:
    """Return the title of the stage that fetches what some images consist of."""
    return f"fetch packages of {' and '.join(image.name for image in images)}"


def fetch_packages(plan: Plan, images: Sequence[Image]) -> None:
    """Have in the cache the Debian packages that some images consist of."""
    if not images:
        return
    with stage(packages_of(images)) as current:
        tally = Tally()
        for image in images:
            fetch_debs(image.debian, plan.arch, tally=tally)
        current.note = _in_words(tally)


def fetch_materials(plan: Plan, images: Sequence[Image]) -> None:
    """Have in the cache what some images are built from.

    What parts that are already built were made of is not fetched again.
    """
    missing = list(dict.fromkeys(p for image in images for p in missing_parts(plan, image)))
    lists = [image.debian for image in images if image.debian]
    if missing:
        lists += sorted({plan.graph.image(one.builder).debian for one in images if one.builder})
    pins: list[Artifact] = []
    for part in missing:
        pins += plan.pins(part)
        lists += part.debian_sets
    with stage(MATERIALS) as current:
        tally = Tally()
        fetch(pins, tally=tally)
        for name in lists:
            fetch_debs(name, plan.arch, tally=tally)
        current.note = _in_words(tally)


def _in_words(tally: Tally) -> str:
    return (
        f"{tally.files} files, {in_words(tally.downloaded)} downloaded,"
        f" {in_words(tally.present)} in the cache"
    )
