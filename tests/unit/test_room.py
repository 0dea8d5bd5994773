"""A build asks for the room that it needs, not for what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hpcpy.build import parts, room
from hpcpy.build.buildah import Buildah
from hpcpy.build.graph import Part
from hpcpy.build.images import tag
from hpcpy.build.plan import Plan, make_plan
from hpcpy.files import GIB


@dataclass(frozen=True)
class Storage(Buildah):
    """A storage that holds some images."""

    tags: frozenset[str] = frozenset()

    def has(self, tag: str) -> bool:
        """Return whether it holds an image."""
        return tag in self.tags


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return a plan, with a cache that holds no part."""
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    monkeypatch.setenv("HPCPY_DEBIAN", "locked")
    return make_plan()


def _gib(plan: Plan, image: str, *built: str) -> float:
    tags = frozenset(tag(plan, plan.graph.image(name)) for name in built)
    return (
        room.needed_room(plan, plan.graph.image(image), Storage(Path("buildah"), {}, tags=tags))
        / GIB
    )


def test_a_build_from_nothing_needs_what_the_readme_says(plan: Plan) -> None:
    assert 9 < _gib(plan, "hpcpy") < 10


def test_a_second_image_of_the_same_parts_needs_its_own_room_alone(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 7.85 GiB free were too few for the plain image's tests once, which ran after hpcpy's.
    def ready(_plan: Plan, part: Part) -> Path | None:
        return None if part.name in ("interpreter", "numba_cache") else Path(part.name)

    monkeypatch.setattr(parts, "ready_part", ready)
    assert 4 < _gib(plan, "plain", "base", "builder", "hpcpy") < 5


def test_an_image_of_the_storage_is_packed_and_copied_all_the_same(plan: Plan) -> None:
    assert _gib(plan, "hpcpy", "hpcpy") == 2


def test_an_image_on_another_asks_for_that_one_too(plan: Plan) -> None:
    with_hpcpy = _gib(plan, "hpcpy-sci", "base", "builder", "hpcpy")
    assert with_hpcpy + 4 <= _gib(plan, "hpcpy-sci", "base", "builder")
