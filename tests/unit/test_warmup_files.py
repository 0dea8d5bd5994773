"""What `hpcpy_warmup` writes: all of it, or nothing."""

import errno
import sys
from pathlib import Path
from typing import Any

import pytest

INTERP = Path(__file__).parents[2] / "src/interp"
sys.path[:0] = [str(INTERP / name) for name in ("importer", "packages", "tools", "features/numba")]

import _hpcpy_numba  # noqa: E402
import hpcpy_warmup  # noqa: E402
from _hpcpy_numba_users import read  # noqa: E402

LEVELS = ["x86-64-v3", "x86-64-v2"]
FILES = {*(f"{level}.bin" for level in LEVELS), "index"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with what one program compiled."""
    monkeypatch.setattr(_hpcpy_numba, "stamp", lambda: b"image")
    monkeypatch.setattr(hpcpy_warmup, "_levels", lambda _: LEVELS)
    compiles(monkeypatch, "/one.py", "aa")
    (tmp_path / "program.py").touch()
    folder = tmp_path / "kept"
    assert warm_up(folder) == 0
    assert {file.name for file in folder.iterdir()} == FILES
    return folder


def compiles(monkeypatch: pytest.MonkeyPatch, path: str, digest: str) -> None:
    made = ({path: digest}, {f"file:{digest} f int": b"code"})
    monkeypatch.setattr(hpcpy_warmup, "_run", lambda *_: made)


def warm_up(folder: Path) -> int:
    return hpcpy_warmup.main(["--to", str(folder), str(folder.parent / "program.py")])


def texts(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_another_program_is_added_and_a_changed_file_replaced(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiles(monkeypatch, "/two.py", "bb")
    assert warm_up(kept) == 0
    compiles(monkeypatch, "/one.py", "cc")
    assert warm_up(kept) == 0
    assert read(str(kept / "index"), b"image") == {"/one.py": "cc", "/two.py": "bb"}
    for level in LEVELS:
        assert sorted(read(str(kept / f"{level}.bin"), b"image")) == [
            "file:bb f int",
            "file:cc f int",
        ]


def test_a_full_disk_leaves_all_as_it_was(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(kept)
    compiles(monkeypatch, "/one.py", "cc")
    write = Path.write_bytes

    def full(path: Path, data: Any) -> int:
        if path.name == f"{LEVELS[1]}.bin":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert warm_up(kept) == 73
    assert capsys.readouterr().err.endswith("No space left on device\n")
    assert texts(kept) == before
