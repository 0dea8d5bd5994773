"""A SIF's header says nothing of when and where it was made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from small_sif import make_sif, needed_program

from hpcpy.build.sif_header import identity_of, recorded_identity, settle, system_offset
from hpcpy.errors import IntegrityError


@pytest.fixture(scope="module")
def program() -> Path:
    return needed_program()


def listed(program: Path, sif: Path, what: str, *more: str) -> str:
    command = [str(program), "sif", what, *more, str(sif)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
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


def test_a_sif_says_what_it_was_made_of(program: Path, tmp_path: Path) -> None:
    sif = make_sif(program, tmp_path, "a.sif")
    settle(sif, "sha256:0123", 1_000_000_000)
    assert recorded_identity(sif) == identity_of("sha256:0123")
    assert recorded_identity(sif) != identity_of("sha256:4567")


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


def test_other_content_is_another_container(program: Path, tmp_path: Path) -> None:
    sif = make_sif(program, tmp_path, "a.sif")
    settle(sif, "sha256:0123", 1)
    once = sif.read_bytes()
    settle(sif, "sha256:4567", 1)
    assert sif.read_bytes() != once


def test_the_file_system_is_found_among_the_other_data(program: Path, tmp_path: Path) -> None:
    sif = make_sif(program, tmp_path, "a.sif")
    with pytest.raises(IntegrityError, match="without a file system"):
        system_offset(sif)
    (tmp_path / "system").write_bytes(b"hsqs and so on")
    options = ("--datatype", "4", "--parttype", "2", "--partfs", "1", "--partarch", "2")
    command: list[str | Path] = [
        program,
        "sif",
        "add",
        *options,
        "--groupid",
        "1",
        sif,
        tmp_path / "system",
    ]
    subprocess.run(command, check=True, capture_output=True)
    with sif.open("rb") as stream:
        stream.seek(system_offset(sif))
        assert stream.read(14) == b"hsqs and so on"


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", bytes(4096), b"SIF_MAGIC\0" * 100])
def test_file_that_is_no_sif_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.sif"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"file\.sif: not a SIF"):
        settle(path, "sha256:0123", 1)
    assert path.read_bytes() == content
