"""The cache gives what was put in, or makes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from processes import start

from hpcpy.build.cached import cached
from hpcpy.core.scratch import USERS


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


def test_part_is_made_once_and_then_used(made: list[Path]) -> None:
    assert get(made) == get(made)
    assert len(made) == 1


@pytest.mark.parametrize("left", [0, 3999])
def test_truncated_part_is_made_anew(
    made: list[Path], left: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = get(made)
    os.truncate(path, left)
    assert get(made).read_bytes() == b"part" * 1000
    assert len(made) == 2
    assert "checksum mismatch; rebuilding" in capsys.readouterr().err


def test_part_without_its_hash_is_made_anew(made: list[Path]) -> None:
    # As a process leaves it that is killed between writing the part and writing its hash.
    path = get(made)
    path.with_name(f"{path.name}.sha256").unlink()
    get(made)
    assert len(made) == 2


def test_failed_making_leaves_nothing(made: list[Path], tmp_path: Path) -> None:
    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("parts", "python-0123.tar", fail)
    assert [path.name for path in (tmp_path / "hpcpy/parts").iterdir()] == [USERS]
    assert made == []


KILLED = """
import sys, time
from hpcpy.build.cached import cached

def make(temporary):
    temporary.write_bytes(b"half")
    print(temporary, flush=True)
    time.sleep(60)

cached("parts", "numpy-4567.tar", make)
"""


@pytest.mark.long
def test_the_next_build_removes_what_a_killed_one_has_half_made(
    made: list[Path], tmp_path: Path
) -> None:
    with start(KILLED, HPCPY_CACHE=str(tmp_path)) as build:
        assert build.stdout is not None
        half = Path(build.stdout.readline().strip())
        get(made)
        assert half.read_bytes() == b"half"
        build.kill()
    (tmp_path / "hpcpy/parts/python-0123.tar").unlink()
    get(made)
    names = {path.name for path in half.parent.iterdir()}
    assert names == {USERS, "python-0123.tar", "python-0123.tar.sha256"}
