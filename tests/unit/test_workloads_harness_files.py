"""The harness's files, whole or absent, and its folders for caches."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workloads.errors import OutputError, UsageError
from workloads.harness import caches, files


class TestWholeFile:
    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "m.png"
        path.write_text("old")
        with pytest.raises(KeyboardInterrupt):
            self.write(path, KeyboardInterrupt())
        assert path.read_text() == "old"
        assert [*tmp_path.iterdir()] == [path]

    def test_a_full_disk_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match=r"m\.png: No space left"):
            self.write(tmp_path / "m.png", OSError(errno.ENOSPC, "No space left on device"))
        assert not [*tmp_path.iterdir()]

    @staticmethod
    def write(path: Path, failure: Any) -> None:
        with files.whole_file(path) as temporary:
            temporary.write_text("half")
            raise failure

    def test_the_umask_holds(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            with files.whole_file(tmp_path / "m.npy") as temporary:
                temporary.write_text("x")
        finally:
            os.umask(before)
        assert (tmp_path / "m.npy").stat().st_mode & 0o777 == 0o640

    def test_a_missing_folder_is_bad_input(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no folder"):
            files.require_writable(tmp_path / "none" / "m.png", "--out")


@pytest.fixture
def private_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    caches._base.cache_clear()
    yield tmp_path
    caches._base.cache_clear()


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
        assert caches.provide("X_CACHE", "x")
        assert Path(os.environ["X_CACHE"]).parent != squatted

    def test_nothing_writable_is_told_not_raised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", "/proc")
        monkeypatch.delenv("X_CACHE", raising=False)
        caches._base.cache_clear()
        assert not caches.provide("X_CACHE", "x")
        caches._base.cache_clear()
        assert "X_CACHE" not in os.environ


def test_ctrl_c_right_after_its_creation_leaves_no_temporary_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.close", stop)
    with pytest.raises(KeyboardInterrupt), files.whole_file(tmp_path / "image.npy"):
        pass
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("kind", [OSError, RuntimeError])
def test_what_hdf5_cannot_write_has_the_number_of_its_text(kind: type[Exception]) -> None:
    text = "Can't decrement id ref count (unable to close file, errno = 5, error message = '')"
    with pytest.raises(OSError, match="Input/output error") as caught, files.hdf5_errors():
        raise kind(text)
    assert caught.value.errno == errno.EIO


def test_another_error_stays_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="of another kind"), files.hdf5_errors():
        raise RuntimeError("of another kind")
