"""How long a build will take from its begin to its end, told before and while it goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hpcpy.build.buildah import Buildah
from hpcpy.build.graph import Image, Part
from hpcpy.build.images import AT_ONCE, has_rootfs, image_title, rootfs_title, unbuilt
from hpcpy.build.materials import MATERIALS, packages_of
from hpcpy.build.parts import missing_parts, title_of
from hpcpy.build.plan import Plan
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
    countdown = Countdown(seconds | of_parts(parts))
    count_down(countdown)
    among = f", {len(parts)} parts among it" if parts else ""
    say(f"{image.name} from here to its end: {in_words(countdown.seconds)}{among}")


def of_parts(parts: Sequence[Part]) -> dict[str, float]:
    """Return the seconds of the whole machine that each of some parts takes, by its title."""
    # Compilers of one part take all cores; what is serial in one part runs beside
    # another one.
    cores = min(os.cpu_count() or 1, 2 * AT_ONCE)
    return {title_of(part): part.seconds / cores for part in parts}
