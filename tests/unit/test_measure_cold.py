"""Starts on a fresh mount: a file dropped from the page cache, a slow storage, a sample."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcpy.core.stages import StageError
from measure.cold import sample
from measure.cold.sample import drop, load, resident
from measure.fuse import SlowStorage

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


def test_a_file_that_stays_in_memory_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_PAUSE", 0)
    with locked(file), pytest.raises(OSError, match=r"a blank: \d+ bytes stay in memory"):
        drop(file)


def test_a_dropped_file_is_loaded_from_the_disk(file: Path) -> None:
    counters = Path("/proc/self/io")
    before = counters.read_text()
    load(file)
    words = [
        dict(line.split(": ") for line in text.splitlines())
        for text in (before, counters.read_text())
    ]
    assert int(words[1]["read_bytes"]) - int(words[0]["read_bytes"]) >= SIZE


def test_an_empty_file_has_no_pages(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert resident(tmp_path / "empty") == b""


def test_a_slow_storage_shares_its_rate_and_counts() -> None:
    storage = SlowStorage(rate=1e12, delay=0)
    storage.take(0, 1000)
    storage.take(0, 24)
    assert (storage.requests, storage.bytes_read) == (2, 1024)


@pytest.mark.parametrize("storage", [sample.CACHED, sample.DROPPED, sample.SLOW])
def test_a_program_reads_the_same_bytes_from_every_storage(file: Path, storage: str) -> None:
    if storage == sample.SLOW and not os.access("/dev/fuse", os.W_OK):
        pytest.skip("no /dev/fuse for this user; elsewhere: modprobe fuse")
    copy = file.with_name("copy")
    request = {
        "image": str(file),
        "storage": storage,
        "ranks": 2,
        "command": ["sh", "-c", 'cp "$0" "$1".$$', sample.IMAGE, str(copy)],
    }
    taken = sample.inside("measure.cold.sample", request)
    copies = list(file.parent.glob("copy.*"))
    assert len(taken["wall"]) == len(copies) == 2
    assert all(one.read_bytes() == file.read_bytes() for one in copies)
    assert taken["user"] + taken["kernel"] > 0
    if storage == sample.CACHED:
        assert "read" not in taken
    else:
        assert SIZE <= taken["read"] < SIZE + (1 << 20)


def test_a_program_that_fails_is_told(file: Path) -> None:
    request = {
        "image": str(file),
        "storage": sample.CACHED,
        "ranks": 1,
        "command": ["sh", "-c", "echo no such thing >&2; exit 3"],
    }
    with pytest.raises(Exception, match="exit code 3: no such thing"):
        sample.inside("measure.cold.sample", request)


def test_a_program_that_does_not_end_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_SECONDS", 1)
    command = ["sleep", "3"]
    request = {"image": str(file), "storage": sample.CACHED, "ranks": 1, "command": command}
    with pytest.raises(StageError, match="had not ended after 1 s"):
        sample.inside("measure.cold.sample", request)
