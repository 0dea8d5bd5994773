"""What was built is removed, and nothing outside."""

import errno
import os
from pathlib import Path

import pytest

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.core.scratch import remove_tree
from hpcpy_common.errors import DiskError


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a checkout's ``build``; it does not exist yet."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.delenv("HPCPY_CHECKOUT_LOCK", raising=False)
    return tmp_path / "build"


def add(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
    return path


def test_links_are_not_followed(build: Path, tmp_path: Path) -> None:
    outside = add(tmp_path / "outside/precious")
    add(build / "tools/x")
    for name, target in (("tools/link", outside.parent), ("a.sif", outside), ("logs", tmp_path)):
        (build / name).symlink_to(target)
    assert run(["clean", "--all"]) == 0
    assert outside.exists()
    assert not build.exists()


def test_a_link_to_a_disk_that_was_emptied_goes(build: Path) -> None:
    build.symlink_to("nothing")
    assert run(["clean", "--all"]) == 0
    assert not build.is_symlink()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_no_cluster_has_marked_goes_with_the_rest(build: Path, kind: str) -> None:
    add(build / ("cluster/x/mine" if kind == "folder" else "cluster"))
    assert run(["clean", "--all"]) == 0
    assert not build.exists()


def test_what_cannot_be_removed_is_named_with_its_folder(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = add(build / "tools/a/b/f")

    def refuse(name: str, **_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", name)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        with pytest.raises(DiskError, match=f"^{deep}: cannot be removed .Operation not"):
            remove_tree(build)


@pytest.mark.parametrize("is_all", [False, True])
def test_what_was_built_is_removed_with_its_stamps(build: Path, is_all: bool) -> None:
    built = ("hpcpy.sif", "hpcpy.sif.json", "hpcpy-python", "hpcpy-python.json", "hpcpy.spdx.json")
    for name in (*built, "hpcpy-python-full-aarch64", "tools/bin/apptainer"):
        add(build / name)
    assert run(["clean", "--all"] if is_all else ["clean"]) == 0
    left = {path.name for path in build.iterdir()} if build.exists() else set()
    assert left == (set() if is_all else {"tools", ".lock"})
