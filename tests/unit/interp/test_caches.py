"""Caches and placed files lie in a folder of ours alone, and are taken if they are our own."""

import importlib
import marshal
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_bundle  # noqa: F401  # the importer's folders

import _hpcpy_caches
import _hpcpy_private


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in _hpcpy_caches.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path / f"hpcpy-{os.getuid()}"


def test_folder_is_made_for_its_owner_alone(tmp: Path) -> None:
    assert _hpcpy_caches.point("numba") == f"{tmp}/numba" == os.environ["NUMBA_CACHE_DIR"]
    assert tmp.stat().st_mode & 0o777 == 0o700


def made(tmp_path: Path, modes: tuple[int, ...]) -> Path:
    folder = tmp_path / "above/parent/hpcpy"
    folder.mkdir(parents=True)
    for path, mode in zip((folder, *folder.parents), modes, strict=False):
        path.chmod(mode)
    return folder


@pytest.mark.parametrize("whose", ["parent", "above"])
def test_nor_is_one_in_a_folder_of_another_user(tmp_path: Path, whose: str) -> None:
    if os.getuid() != 0:
        pytest.skip("gives a folder to another user: as root")
    folder = made(tmp_path, (0o700, 0o1777, 0o755))
    for path in folder.parents[: 1 if whose == "parent" else 2]:
        os.chown(path, 1, 1)
    with pytest.raises(PermissionError):
        _hpcpy_private.opened(str(folder))


# Modes of the folder, of that which it is in, and above.
@pytest.mark.parametrize(
    ("modes", "is_taken"),
    [
        ((0o700, 0o700, 0o700), True),
        ((0o777, 0o700, 0o700), False),
        ((0o720, 0o700, 0o700), False),
        ((0o700, 0o1777, 0o700), True),
        ((0o700, 0o770, 0o700), False),
        ((0o700, 0o755, 0o777), False),
        ((0o700, 0o755, 0o1777), True),
    ],
)
def test_folder_that_others_can_write_or_rename_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modes: tuple[int, ...], *, is_taken: bool
) -> None:
    folder = made(tmp_path, modes)
    if os.getuid() == 0:  # above root's own folders nobody looks
        for path in (folder, folder.parent, folder.parent.parent):
            os.chown(path, 1, 1)
        monkeypatch.setattr(os, "getuid", lambda: 1)
    try:
        os.close(_hpcpy_private.opened(str(folder)))
    except PermissionError:
        assert not is_taken
    else:
        assert is_taken


def test_a_link_on_the_way_is_followed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner had it lead elsewhere after the check."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "link"))
    assert _hpcpy_private.folder() == f"{tmp_path}/real/hpcpy-{os.getuid()}"


def test_link_of_its_name_is_not_followed(tmp: Path) -> None:
    elsewhere = tmp.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    tmp.symlink_to(elsewhere)
    _hpcpy_caches.point("cupy")
    assert not os.environ.get("CUPY_CACHE_DIR", "").startswith(str(tmp))


@pytest.mark.parametrize("package", _hpcpy_caches.VARIABLES)
@pytest.mark.parametrize("value", ["", "mine"])
def test_a_variable_that_is_set_is_the_users(
    tmp: Path, monkeypatch: pytest.MonkeyPatch, package: str, value: str
) -> None:
    tmp.mkdir(0o700)
    monkeypatch.setenv(_hpcpy_caches.VARIABLES[package], value)
    assert _hpcpy_caches.point(package) == value
    assert os.environ[_hpcpy_caches.VARIABLES[package]] == value


PATH = "/opt/hpcpy/lib/library.so"
CONTENT = b"first" * 1000 + b"second"
# What was done to the file, and whether it is written anew.
CHANGES = [
    (Path.stat, False),
    (lambda file: file.write_bytes(CONTENT), False),
    (lambda file: file.write_bytes(bytes(len(CONTENT))), True),
    (lambda file: os.truncate(file, 1000), True),
    (lambda file: (file.rename(f"{file}.old"), file.symlink_to(f"{file}.old")), True),
]


def value(content: Any) -> bytes:
    data = marshal.dumps(content)
    return len(data).to_bytes(4, "little") + data


@pytest.fixture
def placing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give `_hpcpy_files` of an executable that has one file, in two pieces."""
    import _hpcpy_memory

    pieces = [value(CONTENT[:5000]), value(CONTENT[5000:])]
    ends = 24, 24 + len(pieces[0]), 24 + sum(map(len, pieces))
    index = value({PATH: (len(CONTENT), [ends[0] + 4, ends[1] + 4])})
    head = b"hpcpy f3" + (ends[2] + 4).to_bytes(8, "little") + b"a digest"
    files = _hpcpy_memory.Files(memoryview(b"".join([head, *pieces, index])))
    monkeypatch.setattr(_hpcpy_memory.Bundle, "files", files)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return importlib.reload(importlib.import_module("_hpcpy_files"))


@pytest.mark.parametrize("is_booted", [False, True])
@pytest.mark.parametrize(("change", "is_new"), CHANGES)
def test_a_file_is_the_executables_own(
    placing: Any, change: Callable[[Path], None], *, is_new: bool, is_booted: bool
) -> None:
    file = Path(placing.placed(PATH))
    before = file.stat()
    assert (before.st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o444, 0o700)
    file.chmod(0o644)
    change(file)
    boot = placing._boot
    if is_booted:  # As after a power failure: the times are right, and the content is not.
        os.utime(file, (0, 0))
        placing._boot = time.time()
    assert placing.placed(PATH) == str(file)
    placing._boot = boot
    assert (file.read_bytes(), file.is_symlink()) == (CONTENT, False)
    assert (file.stat().st_ino != before.st_ino) == is_new
    # What was compared is noted: the next start takes it.
    placing._is_right = lambda *_: pytest.fail("compared again")
    placing.placed(PATH)
