"""Result files, whole or absent, and its folders for caches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workloads.bench import caches, files


class TestWholeFile:
    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "m.png"
        path.write_text("old")
        with pytest.raises(KeyboardInterrupt):
            self.write(path, KeyboardInterrupt())
        assert path.read_text() == "old"
        assert [*tmp_path.iterdir()] == [path]

    @staticmethod
    def write(path: Path, failure: Any) -> None:
        with files.whole_file(path) as temporary:
            temporary.write_text("half")
            raise failure


@pytest.fixture
def private_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    caches._own_folder.cache_clear()
    yield tmp_path
    caches._own_folder.cache_clear()


class TestCaches:
    def test_a_folder_the_user_chose_is_kept(
        self, private_tmp: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("X_CACHE", str(private_tmp / "mine"))
        assert caches.provide("X_CACHE", "x")
        assert os.environ["X_CACHE"] == str(private_tmp / "mine")

    def test_one_that_cannot_be_written_is_replaced(
        self, private_tmp: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("X_CACHE", "/proc/none")
        assert caches.provide("X_CACHE", "x")
        assert os.environ["X_CACHE"] == str(private_tmp / f"hpcpy-{os.getuid()}" / "x")

    def test_somebody_elses_folder_is_not_used(
        self, private_tmp: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        squatted = private_tmp / f"hpcpy-{os.getuid()}"
        squatted.mkdir()
        squatted.chmod(0o777)
        monkeypatch.delenv("X_CACHE", raising=False)
        assert not caches.provide("X_CACHE", "x")
        assert "X_CACHE" not in os.environ
