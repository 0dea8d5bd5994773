"""Files are put in their places, all of them or none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "src/interp/features/bake"))

from hpcpy_bake.moves import Moves


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_what_was_moved_is_moved_back_and_bears_its_time(tmp_path: Path) -> None:
    new, there = write(tmp_path / "new", "a/b"), write(tmp_path / "there", "a/x")
    os.utime(there / "a", (1, 1))

    def stop() -> None:
        with Moves() as moves:
            moves.merge(new, there)
            assert (there / "a/b").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert set(tree(there)) == {"a", "a/x"}
    assert (there / "a").stat().st_mtime == 1
