"""What ranks ask where a program's packages are in the image, baked or installed.

In `make test`: `tests/launch/test_storm_counts.py`, the same counts with the image as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from small_storm import CHUNKS, STATIC_FILES, STATIC_SIF, SmallStorm, one_node, requests, started

from measure import roots
from measure.added import Base
from sharedfs import fill
from sharedfs.added import PACKAGES, added
from sharedfs.images import digest
from sharedfs.programs import LIBRARIES, PYNAMIC_IN_IMAGE
from sharedfs.pynamic.generate import Size

pytestmark = pytest.mark.long

VENV = roots.VENV.relative_to("/")


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    with started() as one:
        images = one.images
        base = images.sif["hpcpy"]
        pristine = roots.unpacked_root("hpcpy", base, digest(base))
        roots.add_venv(pristine)
        # As `make storm PROGRAMS=libraries,pynamic-in-image` has it.
        made = added(Base("hpcpy", base, digest(base)), [*PACKAGES], images.apptainer)
        root = roots.unpacked_root("hpcpy", made.sif, made.digest)
        shutil.rmtree(pristine / VENV)
        for mount in one.storm.mounts:
            fill.open_root(mount, root)
        images = replace(images, sif={"hpcpy": made.sif}, root={"hpcpy": root})
        with_packages = replace(one, images=images)
        for configuration in (STATIC_SIF, STATIC_FILES):
            with_packages.bring(configuration)
        yield with_packages


@pytest.mark.parametrize("program", [LIBRARIES, PYNAMIC_IN_IMAGE])
def test_a_further_rank_asks_nothing_with_one_image_a_node(storm: SmallStorm, program: str) -> None:
    alone = one_node(storm.take(STATIC_SIF, 1, 1, program))
    three = one_node(storm.take(STATIC_SIF, 1, 3, program))
    for one, all_three in zip(alone, three, strict=True):
        assert requests(all_three) == requests(one)
        assert abs(all_three.packets - one.packets) <= CHUNKS


def test_each_baked_module_is_opened_once_and_looked_for_nowhere(storm: SmallStorm) -> None:
    size = Size()
    (cold, warm) = one_node(storm.take(STATIC_FILES, 1, 1, PYNAMIC_IN_IMAGE))
    for one in (cold, warm):
        # The interpreter, its bundles, and what a start of Python needs.
        assert size.modules + size.libraries <= one.operations["open"] <= 140
    # A tree's client knows the names that were asked for; what is not there was not.
    assert requests(warm)["lookup.master"] == 0


def test_an_environment_of_the_image_alone_is_not_taken_over(storm: SmallStorm) -> None:
    # Left by another benchmark, it has none of the packages that were added.
    assert not (storm.images.root["hpcpy"] / VENV).exists()
