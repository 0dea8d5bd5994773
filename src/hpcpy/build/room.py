"""How much of the disk a build needs, told before it begins."""

from __future__ import annotations

from hpcpy.build.buildah import Buildah
from hpcpy.build.graph import Image
from hpcpy.build.images import unbuilt
from hpcpy.build.parts import missing_parts
from hpcpy.build.plan import Plan
from hpcpy.files import GIB

# A recipe's work, its context and its result, of the 19 parts of hpcpy on average.
_A_PART = GIB * 3 // 20


def needed_room(plan: Plan, image: Image, builder: Buildah) -> int:
    """Return what must be free to build an image, in bytes.

    Parameters
    ----------
    plan
        Says what it is made of.
    image
        Which.
    builder
        Knows what is built already: that is not counted again.

    Returns
    -------
    int
        For the images of the storage that are not there, and for each part that
        is not.  Downloads are not counted: `fetch` checks the room for them.
    """
    images = unbuilt(plan, image, builder)
    parts = missing_parts(plan, image) if images else []
    if parts:
        images += unbuilt(plan, plan.graph.image(image.builder), builder)
    disks = {one.name: one.disk for one in images}
    # An image of the storage is packed and copied all the same.
    return max(sum(disks.values()), 2) * GIB + len(parts) * _A_PART
