"""Starts on a fresh mount: a file dropped from the page cache, a slow storage, a sample."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from measure.cold import sample
from measure.cold.sample import drop, resident
from measure.running import CommandError

SIZE = (1 << 22) + 5


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "image with a blank"
    found.write_bytes(os.urandom(SIZE))
    try:
        drop(found)
    except OSError as error:
        pytest.skip(f"{error}: --basetemp on a disk would do")
    return found


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Lock a file's pages in memory: pages that were only read may be reclaimed at any time."""
    libc = ctypes.CDLL(None, use_errno=True)
    with file.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as mapped:
        first = ctypes.c_char.from_buffer(mapped)
        where = ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(SIZE)
        if libc.mlock(*where):
            pytest.skip(f"mlock: {os.strerror(ctypes.get_errno())}: ulimit -l 8192 would do")
        try:
            yield
        finally:
            del first


def test_a_dropped_file_is_on_the_disk_alone(file: Path) -> None:
    assert not any(resident(file))
    with locked(file):
        assert all(resident(file))
        assert len(resident(file)) * mmap.PAGESIZE >= SIZE
    drop(file)
    assert not any(resident(file))
    with file.open("rb", buffering=0) as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        os.pread(stream.fileno(), 1, 1 << 20)
    assert 0 < sum(resident(file)) * mmap.PAGESIZE < SIZE


@pytest.mark.parametrize("storage", [sample.CACHED, sample.DROPPED, sample.SLOW])
def test_a_program_reads_the_same_bytes_from_every_storage(file: Path, storage: str) -> None:
    if storage == sample.SLOW and not os.access("/dev/fuse", os.W_OK):
        pytest.skip("no /dev/fuse for this user; elsewhere: modprobe fuse")
    copy = file.with_name("copy")
    request = {
        "image": str(file),
        "storage": storage,
        "command": ["cp", sample.IMAGE, str(copy)],
    }
    taken = sample.inside("measure.cold.sample", request)
    assert copy.read_bytes() == file.read_bytes()
    assert taken["wall"] > 0
    assert taken["user"] + taken["kernel"] > 0
    if storage == sample.CACHED:
        assert "read" not in taken
    else:
        assert SIZE <= taken["read"] < SIZE + (1 << 20)


def test_a_program_that_fails_is_told(file: Path) -> None:
    request = {
        "image": str(file),
        "storage": sample.CACHED,
        "command": ["sh", "-c", "echo no such thing >&2; exit 3"],
    }
    with pytest.raises(CommandError, match="exit code 3: no such thing"):
        sample.inside("measure.cold.sample", request)
