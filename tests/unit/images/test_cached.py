"""The cache gives what was put in, or makes it anew; earlier images do not fill the disk."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpcpy.core.scratch import USERS
from hpcpy.images.buildah import Buildah
from hpcpy.images.cached import cached, is_whole, read_stamp, recorded, stamp_path, write_stamp


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Use an empty cache, and return the list in which `get` notes what it makes."""
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    return []


def get(made: list[Path]) -> Path:
    def make(temporary: Path) -> None:
        made.append(temporary)
        temporary.write_bytes(b"part" * 1000)

    return cached("parts", "python-0123.tar", make)


DAMAGES: list[Callable[[Path], object]] = [
    lambda part: os.truncate(part, 0),
    lambda part: os.truncate(part, 3999),
    # As a process leaves it that is killed between writing the part and writing its hash.
    lambda part: recorded(part).unlink(),
]


def test_a_part_is_made_once_and_anew_where_it_is_not_whole(made: list[Path]) -> None:
    assert get(made) == get(made)
    for number, damage in enumerate(DAMAGES):
        assert len(made) == 1 + number
        damage(get(made))
        assert get(made).read_bytes() == b"part" * 1000


@pytest.mark.parametrize(
    "damage",
    [
        lambda image: os.truncate(image, 2),
        lambda image: os.utime(image, (1, 1)),
        lambda image: stamp_path(image).write_bytes(b"{"),
    ],
    ids=["cut", "of another time", "stamp damaged"],
)
def test_a_stamp_speaks_for_its_own_artefact(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    image = tmp_path / "hpcpy.sif"
    image.write_bytes(b"image")
    write_stamp(image, inputs="0123")
    assert read_stamp(image)["inputs"] == "0123"
    damage(image)
    assert read_stamp(image) == {}


def test_what_no_build_has_used_for_long_goes_with_its_hash(made: list[Path]) -> None:
    used, unused, foreign = (get(made).with_name(name) for name in ("a-1.tar", "b-2.tar", "notes"))
    for path in (used, unused):
        shutil.copy(get(made), path)
        shutil.copy(recorded(get(made)), recorded(path))
    foreign.touch()
    for path in (used, unused, foreign):
        os.utime(path, (0, 0))
    assert is_whole(used)  # a hit is a use
    get(made).unlink()
    get(made)
    left = {path.name for path in used.parent.iterdir() if not path.name.endswith(".sha256")}
    assert left == {USERS, "a-1.tar", "python-0123.tar", "notes"}
    assert not recorded(unused).exists()


class Removed(Buildah):
    """A buildah that only notes what is dropped from the storage."""

    removed: list[str]
    held: list[str]

    def __init__(self, storage: Path, *held: str) -> None:
        super().__init__(Path("/bin/true"), storage, {})
        # The class is frozen.
        object.__setattr__(self, "removed", [])
        object.__setattr__(self, "held", [f"localhost/hpcpy-{name}" for name in held])

    def tags(self) -> list[str]:
        return self.held

    def remove(self, tag: str) -> None:
        self.removed.append(tag)


def test_failed_making_leaves_nothing(made: list[Path], tmp_path: Path) -> None:
    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("parts", "python-0123.tar", fail)
    assert [path.name for path in (tmp_path / "hpcpy/parts").iterdir()] == [USERS]
    assert made == []


def test_of_each_image_the_last_two_stay_that_a_build_has_used_lately(tmp_path: Path) -> None:
    names = ("hpcpy:a", "hpcpy:b", "hpcpy:c", "hpcpy-sci:a", "builder:long ago", "builder:b")
    buildah = Removed(tmp_path, *names)
    for age, tag in enumerate(buildah.held):
        buildah.has(tag)
        used = time.time() - age if "long ago" not in tag else 0
        os.utime(tmp_path / "last-use" / tag.replace("/", "_"), (used, used))
    buildah.tidy()
    assert buildah.removed == [buildah.held[2], buildah.held[4]]
