"""Estimate how long a build takes, before and while it runs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hpcpy.build.buildah import Buildah
from hpcpy.build.graph import Graph, Image, Part
from hpcpy.build.images import has_rootfs, image_title, rootfs_title, unbuilt
from hpcpy.build.materials import MATERIALS, packages_of
from hpcpy.build.parts import missing_parts, title_of
from hpcpy.build.plan import Plan
from hpcpy.build.schedule import chains, longest
from hpcpy.stage_times import Countdown, expected, in_words
from hpcpy.stages import count_down, say


def begin(plan: Plan, image: Image, builder: Buildah, behind: Sequence[str]) -> None:
    """Say how long an image will take, and have its stages say what is left.

    Parameters
    ----------
    plan
        Says what it is made of.
    image
        Which.
    builder
        Knows what is built already.
    behind
        Titles of the stages that will follow the image.
    """
    missing = unbuilt(plan, image, builder)
    compilers = unbuilt(plan, plan.graph.image(image.builder), builder) if image.builder else []
    parts = missing_parts(plan, image) if missing else []
    images = list(dict.fromkeys([*(compilers if parts else []), *missing]))
    titles = [packages_of(compilers), MATERIALS] if parts and compilers else [MATERIALS]
    titles += [image_title(one) for one in images]
    titles += [rootfs_title(one) for one in images if not (one.base or has_rootfs(plan, one))]
    seconds = {title: expected(title) or 0 for title in (*titles, *behind)}
    countdown = Countdown(seconds | of_parts(parts, plan.graph))
    count_down(countdown)
    among = f", with {len(parts)} parts to build" if parts else ""
    say(f"{image.name} from here to its end: {in_words(countdown.seconds)}{among}")


def of_parts(parts: Sequence[Part], graph: Graph) -> dict[str, float]:
    """Return each part's share of the time that all of them take, in seconds, by title."""
    together = sum(part.seconds for part in parts)
    share = seconds_on(parts, graph, os.cpu_count() or 1) / together if parts else 0
    return {title_of(part): part.seconds * share for part in parts}


def seconds_on(parts: Sequence[Part], graph: Graph, cores: int) -> float:
    """Return how long some parts take on a number of cores, at least.

    Parameters
    ----------
    parts
        All are built.
    graph
        Knows which need which.
    cores
        A few are busy all the time, as parts are built side by side. With many, the
        longest path of parts sets the time.
    """
    path = longest(chains(parts, graph.needed, lambda part: part.seconds_on(cores)))
    return max(path, sum(part.seconds for part in parts) / cores)
