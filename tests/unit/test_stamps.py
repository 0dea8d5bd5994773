"""A stamp speaks for the artefact that it was written for, and no other."""

import os
from pathlib import Path

import pytest

from hpcpy.build.cached import read_stamp, stamp_path, write_stamp


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    path = tmp_path / "hpcpy.sif"
    path.write_bytes(b"image")
    write_stamp(path, inputs="0123", replaced=["libc6"])
    return path


def test_stamp_of_an_untouched_artefact_counts(artefact: Path) -> None:
    assert read_stamp(artefact)["inputs"] == "0123"
    assert read_stamp(artefact)["replaced"] == ["libc6"]


def test_artefact_that_was_truncated_has_no_stamp(artefact: Path) -> None:
    os.truncate(artefact, 2)
    assert read_stamp(artefact) == {}


def test_artefact_that_was_written_again_has_no_stamp(artefact: Path) -> None:
    status = artefact.stat()
    artefact.write_bytes(b"other")
    os.utime(artefact, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert read_stamp(artefact) == {}


def test_a_damaged_stamp_is_none(artefact: Path) -> None:
    stamp_path(artefact).write_bytes(b"{")
    assert read_stamp(artefact) == {}
