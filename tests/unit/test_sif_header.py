"""A SIF's header says nothing of when and where it was made."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_sif import make_sif, needed_program

from hpcpy.build.sif_header import settle
from hpcpy.core.errors import IntegrityError
from running import run


@pytest.fixture(scope="module")
def program() -> Path:
    return needed_program()


def listed(program: Path, sif: Path, what: str, *more: str) -> str:
    command = [str(program), "sif", what, *more, str(sif)]
    done = run(*command, check=True)
    return done.stdout


def test_two_sifs_of_the_same_content_become_the_same_bytes(program: Path, tmp_path: Path) -> None:
    sifs = [make_sif(program, tmp_path, name) for name in ("a.sif", "b.sif")]
    assert sifs[0].read_bytes() != sifs[1].read_bytes()
    for sif in sifs:
        settle(sif, "sha256:0123", 1_000_000_000)
    assert sifs[0].read_bytes() == sifs[1].read_bytes()
    once = sifs[0].read_bytes()
    settle(sifs[0], "sha256:0123", 1_000_000_000)
    assert sifs[0].read_bytes() == once


def test_settled_sif_is_whole_to_apptainer(program: Path, tmp_path: Path) -> None:
    sif = make_sif(program, tmp_path, "a.sif")
    before = listed(program, sif, "list")
    settle(sif, "sha256:0123", 1_000_000_000)
    after = listed(program, sif, "list")
    assert [line for line in after.splitlines() if "Container id" not in line] == [
        line for line in before.splitlines() if "Container id" not in line
    ]
    assert "2001-09-09" in listed(program, sif, "header")
    assert listed(program, sif, "dump", "1") == '{"a": 1}\n'


@pytest.mark.parametrize("content", [b"", bytes(4096)])
def test_file_that_is_no_sif_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.sif"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"file\.sif: not a SIF"):
        settle(path, "sha256:0123", 1)
    assert path.read_bytes() == content
