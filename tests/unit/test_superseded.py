"""Earlier images do not fill the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpcpy.build.buildah import Buildah
from hpcpy.build.graph import the_graph
from hpcpy.build.oci import drop_superseded


class Removed(Buildah):
    """A buildah that only notes what is dropped from the storage."""

    def __init__(self) -> None:
        super().__init__(Path("buildah"), Path("storage"), {})
        object.__setattr__(self, "tags", [])

    def remove(self, tag: str) -> None:
        self.tags.append(tag)  # type: ignore[attr-defined]


def archive(folder: Path, name: str, key: int, used: int) -> None:
    path = folder / "hpcpy/images" / f"{name}-{key:016x}.oci.tar"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.with_name(f"{path.name}.sha256").touch()
    os.utime(path, (used, used))


def test_what_was_used_last_stays_and_other_images_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))
    image = the_graph().images["hpcpy"]
    for key in range(4):
        archive(tmp_path, "hpcpy", key, used=100 - key)
        archive(tmp_path, "hpcpy-sci", key, used=1)
        archive(tmp_path, "hpcpy-aarch64", key, used=1)
    buildah = Removed()
    drop_superseded(image, buildah)
    left = sorted(path.name for path in (tmp_path / "hpcpy/images").glob("hpcpy-0*"))
    kept = f"hpcpy-{0:016x}.oci.tar"
    assert left == [kept, f"{kept}.sha256"]
    for others in ("hpcpy-sci", "hpcpy-aarch64"):
        assert len(list((tmp_path / "hpcpy/images").glob(f"{others}-*.tar"))) == 4
    assert buildah.tags == [f"localhost/hpcpy-hpcpy:{key:016x}" for key in (1, 2, 3)]  # type: ignore[attr-defined]
