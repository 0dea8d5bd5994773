"""Writing and reading: the stated bytes by every technique, whatever the arrays and the workers."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from needed import is_drawn, plotted
from writing import ALONE, LOCAL, PROCESSES, RANKS, write

from running import printed, workload_on
from tiers import sampled
from workloads.__main__ import main
from workloads.read.registry import TECHNIQUES
from workloads.write.definition import Series
from workloads.write.numpy_ import coordinates, values
from workloads.write.reading import SHA256


def read(folder: Path, name: str, n: Any, s: Any) -> Any:
    """Read a technique's files by nothing of ours."""
    if name in ("text", "loops", "vectorized"):
        return [np.loadtxt(path, ndmin=2) for path in sorted(folder.glob("*.txt"))]
    if name == "raw":
        return np.fromfile(folder / "arrays.raw", "<f8").reshape(n, s, s)
    if name == "mpi-view":
        return np.load(folder / "arrays.npy")
    if "hdf5" not in name:
        return [np.load(path) for path in sorted(folder.glob("*.npy"))]
    with h5py.File(folder / "arrays.h5") as file:
        if name == "hdf5":
            return [file[key][()] for key in file]
        assert file["arrays"].chunks == (1, s, s)
        return file["arrays"][()]


def same(arrays: Any, n: Any, s: Any) -> Any:
    want = [[Series(n, s).row(t, y) for y in Series(n, s).y] for t in range(n)]
    return np.asarray(arrays).tobytes() == np.array(want).tobytes()


def test_pure_python_and_numpy_have_the_stated_bytes() -> None:
    for series in SHA256:
        (x, y), found = coordinates(series), hashlib.sha256()
        for t in range(series.n):
            found.update(values(x, y, t / series.n))
        assert found.hexdigest() == SHA256[series]
    assert SHA256[Series(15, 100)].startswith("fe9b93ef9cbf19f4")
    assert SHA256[Series(100, 500)].startswith("5470347d35ae13e6")


def test_every_technique_of_one_process_writes_the_stated_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = tmp_path / "out", tmp_path / "write.json"
    assert write("--impl", ",".join(LOCAL), "--workers", 2, "--out", out, "--json", report) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    # One line for all of them.
    assert shown.out.count(f"sha256 {SHA256[Series(15, 100)]}: matches the stored hash") == 1
    counts = {r["impl"]: r["details"][-1] for r in json.loads(report.read_text())["results"]}
    for name in LOCAL:
        files = sorted(path.name for path in (out / name).iterdir())
        assert counts[name]["files"] == len(files) == (1 if name == "raw" or "hdf5" in name else 15)
        assert not [file for file in files if file.startswith(".")]
        data = np.asarray(read(out / name, name, 15, 100))
        assert hashlib.sha256(data.tobytes()).hexdigest() == SHA256[Series(15, 100)]
    assert sorted(path.name for path in out.iterdir()) == sorted(LOCAL)
    # As savetxt lays it out, as np.save does.
    for mine, theirs in (
        *(("text", name) for name in ("loops", "vectorized")),
        *(("npy", name) for name in ("pool-apply", "multiprocessing", "queue")),
    ):
        for path in (out / mine).iterdir():
            assert path.read_bytes() == (out / theirs / path.name).read_bytes()
    np.save(tmp_path / "a.npy", np.load(out / "npy" / "array-000007.npy"))
    assert (tmp_path / "a.npy").read_bytes() == (out / "npy" / "array-000007.npy").read_bytes()


@pytest.mark.parametrize(("n", "s"), [(1, 1), (3, 65)])
def test_any_number_and_size(
    n: int, s: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write("-n", n, "-s", s, "--impl", ",".join(ALONE), "--out", tmp_path / "o") == 0
    assert capsys.readouterr().out.count("sha256 ") == 1
    for name in ALONE:
        assert same(read(tmp_path / "o" / name, name, n, s), n, s)


@pytest.mark.parametrize("name", PROCESSES)
def test_any_number_of_workers(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, chart, report = (tmp_path / name for name in ("out", "w.svg", "w.json"))
    options = ["-n", 7, "-s", 5, "--scale", "5,1,2,3,2", *plotted(chart), "--json", report]
    assert write("--impl", name, *options, "--out", out) == 0
    shown = capsys.readouterr().out
    assert shown.count("matches the definition") == 4 + 1
    assert re.search(rf"^{name} +1 .* 1.00×", shown, re.MULTILINE), shown
    results = json.loads(report.read_text())["results"]
    assert [result["workers"] for result in results] == [1, 2, 3, 5]
    # Also of processes that have ended within the technique.
    assert all(len(result["memory"]) > result["workers"] for result in results if result["memory"])
    assert same(read(out / name, name, 7, 5), 7, 5)
    assert is_drawn(chart)


def test_no_worker_of_the_queue_writes_for_the_run_before() -> None:
    # Each repetition has a folder of its own; with so many workers some are late.
    assert write("--impl", "queue", "-n", 20, "-s", 5, "--workers", 12, "--repeat", 30) == 0


def test_any_number_of_ranks(tmp_path: Path) -> None:
    names, out, report = ",".join(RANKS), tmp_path / "o", tmp_path / "write.json"
    options = ["--scale", "1,2,3,5", "--out", out, "--json", report]
    # By 3 they cannot be divided, and of 5 ranks one has none.
    printed(workload_on(5, "write", "--impl", names, "-n", 4, "-s", 9, *options))
    results = json.loads(report.read_text())["results"]
    runs = [(r["impl"], r["workers"]) for r in results]
    assert runs == [(name, size) for name in RANKS for size in (1, 2, 3, 5)]
    assert len({r["answer"] for r in results}) == 1
    for name in RANKS:
        assert same(read(out / name, name, 4, 9), 4, 9)


@pytest.mark.parametrize("options", [[], ["--cold"]], ids=["from memory", "from the disk"])
def test_every_format_gives_the_arrays_by_their_numbers(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scratch, report = tmp_path / "scratch", tmp_path / "read.json"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    words = ["read", "--impl", "all", "-n", "9", "-s", "20", "--repeat", "2"]
    assert main([*words, "--json", str(report), *options]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.count("matches the definition") == len(TECHNIQUES)
    told = json.loads(report.read_text())
    assert [result["impl"] for result in told["results"]] == list(TECHNIQUES)
    files = {result["impl"]: result["details"][-1]["files"] for result in told["results"]}
    assert files == {"text": 9, "npy": 9, "hdf5": 1, "hdf5-single": 1, "raw": 1}
    assert not [*scratch.iterdir()]


@pytest.mark.parametrize("name", sampled(TECHNIQUES, keep=2))
def test_what_another_has_changed_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from workloads.read import command

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def damage(folder: Path) -> None:
        other = max(folder.iterdir(), key=lambda path: path.stat().st_size)
        data = other.read_bytes()
        # Of a number: every format is still read.
        where = data.rindex(b"e") - 8 if name == "text" else len(data) - 3
        with other.open("r+b") as file:
            file.seek(where)
            file.write(bytes([data[where] ^ 1]))

    monkeypatch.setattr(command, "drop_from_cache", damage)
    assert main(["read", "--impl", name, "-n", "3", "-s", "40", "--cold"]) == 1
    assert "WRONG: array" in capsys.readouterr().err
