"""Starts on a fresh mount: a file dropped from the page cache, a slow storage, the tables."""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import StageError
from measure import report
from measure.added import Base
from measure.cases import EIGHT
from measure.cold import command, mounts, page_cache, rounds, sample, table
from measure.cold.mounts import Mounted
from measure.cold.page_cache import drop, load, resident, resident_bytes
from measure.cold.rounds import PROGRAMS, WITH_PACKAGES, Cold
from measure.cold.slow_file import Storage

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
        assert resident_bytes(file) >= SIZE
    drop(file)
    assert not any(resident(file))
    with file.open("rb", buffering=0) as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        os.pread(stream.fileno(), 1, 1 << 20)
    assert 0 < resident_bytes(file) < SIZE


def test_a_file_that_stays_in_memory_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "_PAUSE", 0)
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
    storage = Storage(rate=1e12, delay=0)
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
        "rate": 1e9,
        "delay": 0,
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


def of(image: str, case: str, wall: list[float], read: list[int]) -> Cold:
    user, kernel = [one / 2 for one in wall], [one / 4 for one in wall]
    return Cold(image, "kernel", sample.DROPPED, case, wall, user, kernel, read)


def test_the_table_subtracts_true() -> None:
    found = [
        of("wheels", "true", [0.1, 0.1, 0.1], [1_000_000] * 3),
        of("hpcpy", "true", [0.2, 0.2, 0.2], [2_000_000] * 3),
        of("wheels", "pass", [0.3, 0.5, 0.4], [9_000_000] * 3),
        of("hpcpy", "pass", [0.3, 0.4, 0.35], [6_000_000] * 3),
    ]
    text = table.of_starts(found)
    assert "| image's file | of | wall, ms: true | pass | read, MB: pass |" in text
    assert "| local disk | wheels | 100 | 300 | 8.0 |" in text
    assert "|  | hpcpy | 200 | 150 | 4.0 |" in text


def test_programs_and_the_kernel_have_processor_times_of_their_own() -> None:
    found = [
        of(image, case, wall, [0])
        for case, walls in (("true", ([0.1], [0.2])), ("pass", ([0.5], [0.4])))
        for image, wall in zip(("wheels", "hpcpy"), walls, strict=True)
    ]
    other = replace(found[0], storage=sample.SLOW, user=[9.0])
    assert table.of_processors([*found, other]).splitlines() == [
        "| CPU, ms | of | true | pass |",
        "|---|---|--:|--:|",
        "| programs | wheels | 50.0 | 200 |",
        "|  | hpcpy | 100 | 100 |",
        "| kernel | wheels | 25.0 | 100 |",
        "|  | hpcpy | 50.0 | 50.0 |",
    ]


def test_cases_are_those_of_the_bench_of_warm_starts() -> None:
    assert [*PROGRAMS] == ["true", "pass", "numpy", "core", "core + MPI"]
    assert [*WITH_PACKAGES] == ["true", "pass", "eight"]
    assert WITH_PACKAGES["eight"][-1] == EIGHT.code


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--samples", "0"], "at least 1"),
        (["--mounts", "zfs"], "zfs: none of kernel"),
        (["--storages", "tape"], "tape: none of cached"),
        (["--sif", "mine=x"], "there are wheels, hpcpy"),
        (["--sif", "hpcpy=/nowhere"], "no such file"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_built(
    arguments: list[str], problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        run(["bench", "cold", *arguments])


@pytest.mark.parametrize("name", ["table", "packages"])
def test_the_projects_page_has_a_place_for_the_table(tmp_path: Path, name: str) -> None:
    page = tmp_path / "page.md"
    report.write_page(paths.ROOT / "docs/startup-cold.md", page, "a table\n", name)


@pytest.mark.parametrize("option", [[], ["--packages"]])
def test_each_run_writes_its_own_results_and_table(
    option: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sampled(images: list[Mounted], *others: object) -> list[Cold]:
        assert others[-1] is (WITH_PACKAGES if option else PROGRAMS)
        return [of(image.image, case, [1.0], [0]) for case in ("true", "pass") for image in images]

    made = []

    def added(base: Base, title: str, *_: object) -> Base:
        made.append(base.name)
        return Base(base.name, base.sif, f"{base.digest} with {title}")

    words = ["--mounts=kernel", f"--out={tmp_path}", *option]
    for name in ("wheels", "hpcpy"):
        (tmp_path / name).write_text(name)
        words.append(f"--sif={name}={tmp_path / name}")
    tools = SimpleNamespace(apptainer=tmp_path, found={})
    monkeypatch.setattr(command, "ensure", lambda _: tools)
    monkeypatch.setattr(command, "added", added)
    monkeypatch.setattr(mounts, "mounted", lambda way, name, *_: Mounted(name, way, tmp_path, []))
    monkeypatch.setattr(rounds, "starts", sampled)
    monkeypatch.setattr(rounds, "touches", lambda *_: [])
    monkeypatch.setattr(rounds, "bursts", lambda *_: [])
    monkeypatch.setattr(report, "draw", lambda *_: None)
    assert run(["bench", "cold", *words]) == 0
    (file,) = (tmp_path / "results").iterdir()
    told = json.loads(file.read_text())
    assert made == (["wheels", "hpcpy"] if option else [])
    assert file.name == ("cold-packages.json" if made else "cold.json")
    assert [("with" in digest) for digest in told["images"].values()] == [bool(made)] * 2
    assert ("bursts" in told) is not bool(made)
    page = (tmp_path / "startup-cold.md").read_text()
    mark = "<!-- packages -->" if made else "<!-- table -->"
    assert f"{mark}\n**apptainer exec" in page


def test_the_kept_samples_have_both_images() -> None:
    told = json.loads((paths.ROOT / "docs/results/cold.json").read_text())
    assert {one["image"] for one in told["results"]} == {"wheels", "hpcpy"}
    assert {*told} >= {"machine", "tools", "images", "command", "date", "touched", "bursts"}
