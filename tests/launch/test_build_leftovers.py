"""Containers of a killed build go when the next one begins, with their mounts."""

import os
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.images.buildah import Buildah, buildah
from running import printed, run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))


def said(builder: Buildah, *arguments: str) -> list[str]:
    return printed(run(*builder.online(*arguments))).split()


def mounts() -> int:
    storage = str(paths.cache_dir() / "storage")
    return Path("/proc/self/mountinfo").read_text().count(f" {storage}")


def test_the_next_build_removes_containers_and_their_mounts() -> None:
    with buildah() as builder:
        (container,) = said(builder, "from", "--name", "left", "scratch")
        if os.geteuid() == 0:
            said(builder, "mount", container)
            assert mounts() > 0
    with buildah() as builder:
        assert said(builder, "containers", "--quiet") == []
    assert mounts() == 0


def test_a_container_of_a_build_that_runs_stays() -> None:
    with buildah() as builder:
        said(builder, "from", "--name", "mine", "scratch")
        with buildah() as another:
            assert len(said(another, "containers", "--quiet")) == 1
        said(builder, "rm", "mine")
