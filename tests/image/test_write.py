"""Writing: the stated bytes by every technique, whatever the arrays and the workers."""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from running import in_own_process, launcher, on_ranks, surroundings, wait_until

from workloads.__main__ import main
from workloads.write.answer import SHA256
from workloads.write.definition import Series
from workloads.write.field import Field
from workloads.write.registry import MANY, TECHNIQUES

RANKS = [name for name, technique in TECHNIQUES.items() if technique.parallel == "ranks"]
LOCAL = [name for name in TECHNIQUES if name not in RANKS]
PROCESSES = [name for name in LOCAL if TECHNIQUES[name].parallel == "processes"]
ALONE = [name for name in LOCAL if name not in PROCESSES]


def write(*arguments: Any) -> Any:
    return main(["write", *map(str, arguments)])


def mpiexec(size: Any, *arguments: Any) -> Any:
    return on_ranks(size, "-m", "workloads", "write", *arguments)


def read(folder: Path, name: str, n: Any, s: Any) -> Any:
    """Read a technique's files by nothing of ours."""
    if name in ("text", "vectorized"):
        return [np.loadtxt(path, ndmin=2) for path in sorted(folder.glob("*.txt"))]
    if name == "raw":
        return np.fromfile(folder / "arrays.raw", "<f8").reshape(n, s, s)
    if name in MANY:
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
        field, found = Field(series), hashlib.sha256()
        for t in range(series.n):
            found.update(field.array(t))
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
        assert counts[name]["files"] == len(files) == (15 if name in MANY else 1)
        assert not [file for file in files if file.startswith(".")]
        data = np.asarray(read(out / name, name, 15, 100))
        assert hashlib.sha256(data.tobytes()).hexdigest() == SHA256[Series(15, 100)]
    assert sorted(path.name for path in out.iterdir()) == sorted(LOCAL)
    # As savetxt lays it out, as np.save does.
    for mine, theirs in (("text", "vectorized"), ("npy", "multiprocessing"), ("npy", "queue")):
        for path in (out / mine).iterdir():
            assert path.read_bytes() == (out / theirs / path.name).read_bytes()
    np.save(tmp_path / "a.npy", np.load(out / "npy" / "array-000007.npy"))
    assert (tmp_path / "a.npy").read_bytes() == (out / "npy" / "array-000007.npy").read_bytes()


@pytest.mark.parametrize(("n", "s"), [(1, 1), (2, 3), (7, 4), (3, 65)])
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
    options = ["-n", 7, "-s", 5, "--scale", "1,2,3,5", "--plot", chart, "--json", report]
    assert write("--impl", name, *options, "--out", out) == 0
    assert capsys.readouterr().out.count("matches the definition") == 4 + 1
    results = json.loads(report.read_text())["results"]
    assert [result["workers"] for result in results] == [1, 2, 3, 5]
    assert same(read(out / name, name, 7, 5), 7, 5)
    assert chart.stat().st_size > 1_000


def test_any_number_of_ranks(tmp_path: Path) -> None:
    names, out, report = ",".join(RANKS), tmp_path / "o", tmp_path / "write.json"
    options = ["--scale", "1,2,3,5", "--out", out, "--json", report]
    # By 3 they cannot be divided, and of 5 ranks one has none.
    done = mpiexec(5, "--impl", names, "-n", 4, "-s", 9, *options)
    assert (done.returncode, done.stderr) == (0, "")
    results = json.loads(report.read_text())["results"]
    runs = [(r["impl"], r["workers"]) for r in results]
    assert runs == [(name, size) for name in RANKS for size in (1, 2, 3, 5)]
    assert len({r["answer"] for r in results}) == 1
    for name in RANKS:
        assert same(read(out / name, name, 4, 9), 4, 9)


def test_by_ranks_auto_is_parallel_hdf5_with_the_stated_bytes(tmp_path: Path) -> None:
    out = tmp_path / "o"
    done = mpiexec(2, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert "matches the stored hash" in done.stdout
    data = read(out / "hdf5-parallel", "hdf5-parallel", 15, 100)
    assert hashlib.sha256(data.tobytes()).hexdigest() == SHA256[Series(15, 100)]


def test_without_out_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert write("-n", 3, "-s", 4, "--no-verify", "--impl", "npy,hdf5-single,raw") == 0
    shown = capsys.readouterr().out
    assert shown.count("not verified") == 3
    assert f"written to a temporary folder in {tmp_path} and removed" in shown
    assert not [*tmp_path.iterdir()]


def test_a_wrong_byte_exits_1_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from workloads.write.techniques import raw

    right = raw._write_all

    def wrong(descriptor: Any, values: Any, offset: Any) -> None:
        copy = np.frombuffer(values, "<f8").copy()
        if offset == 2 * 32 and len(copy) == 4:
            copy[3] = math.nan
        right(descriptor, memoryview(copy).cast("B"), offset)

    monkeypatch.setattr(raw, "_write_all", wrong)
    out = tmp_path / "o"
    assert write("-n", 5, "-s", 2, "--impl", "npy,raw", "--out", out) == 1
    shown = capsys.readouterr()
    assert "raw on 5 arrays 2×2: WRONG: array 2 row 1 column 1: nan, not" in shown.err
    assert [path.name for path in out.iterdir()] == ["npy"]


LIMITED = """
import resource, sys
limit, names, rank, *rest = sys.argv[1:]
from workloads.__main__ import main
if rank != "alone":
    from mpi4py import MPI
if rank in ("alone", "all") or MPI.COMM_WORLD.rank == int(rank):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
codes = [main(["write", "--impl", name, *rest]) for name in names.split(",")]
if rank == "alone" or MPI.COMM_WORLD.rank == 0:
    print(codes)
"""


# np.save and HDF5 kept what fits into their buffers, and told nobody that it was
# lost. 500 bytes are too few for multiprocessing itself.
@pytest.mark.parametrize(("limit", "s", "names"), [(500, 10, ALONE), (20_000, 60, LOCAL)])
def test_a_full_disk_is_73_and_leaves_nothing(
    limit: int, s: int, names: Any, tmp_path: Path
) -> None:
    options = ["-n", 9, "-s", s, "--workers", 2, "--no-verify", "--out", tmp_path / "o"]
    words = [sys.executable, "-c", LIMITED, limit, ",".join(names), "alone", *options]
    done = in_own_process(*words)
    assert (done.returncode, done.stdout) == (0, f"{[73] * len(names)}\n"), done.stderr
    lines = done.stderr.count("\n")
    assert lines == done.stderr.count("File too large") == len(names), done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_full_disk_under_one_rank_ends_all_of_them(tmp_path: Path) -> None:
    options = ["-n", 9, "-s", 60, "--out", tmp_path / "o"]
    names = "mpi-send,mpi-scatter"
    # Of two ranks only: mpi-send's third may be asked for all arrays.
    done = on_ranks(2, "-c", LIMITED, 20_000, names, 1, *options)
    assert (done.returncode, done.stdout) == (0, "[73, 73]\n"), done.stderr
    assert done.stderr.count("\n") == done.stderr.count("File too large") == 2
    # The others are in a collective call and cannot be told.
    done = on_ranks(3, "-c", LIMITED, 20_000, "hdf5-parallel", 1, *options)
    assert done.returncode == 73
    said, *rest = done.stderr.splitlines()
    assert said == "write: arrays.h5: File too large; see ulimit -f"
    assert all(line.startswith("Abort(73) on node") for line in rest)
    assert not [*tmp_path.iterdir()]


# h5py told of it in a destructor, in ten lines more.
@pytest.mark.parametrize("size", [1, 2])
def test_a_full_disk_under_all_ranks_of_one_file_is_one_line(size: int, tmp_path: Path) -> None:
    options = ["-n", 9, "-s", 60, "--out", tmp_path / "o"]
    done = on_ranks(size, "-c", LIMITED, 20_000, "hdf5-parallel", "all", *options)
    assert (done.returncode, done.stdout) == (0, "[73]\n"), done.stderr
    assert done.stderr == "workloads: write: arrays.h5: File too large; see ulimit -f\n"
    assert not [*tmp_path.iterdir()]


def test_no_room_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workloads.write.files.free_bytes", lambda _: 1_000_000)
    assert write("--impl", "raw", "--out", tmp_path / "o") == 73
    assert "1.2 MB are to be written; 1.0 MB are free there" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", RANKS)
def test_a_killed_rank_leaves_nothing_that_looks_complete(name: str, tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        from workloads.__main__ import main
        from workloads.write.field import Field
        fill = Field.fill
        def killed(self, t, out):
            if t == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            return fill(self, t, out)
        Field.fill = killed
        sys.exit(main(["write", *sys.argv[1:]]))
    """.replace("\n        ", "\n")
    out = tmp_path / "o"
    done = on_ranks(2, "-c", code, "--impl", name, "-n", 6, "-s", 300, "--out", out)
    assert done.returncode != 0
    # Nobody is left to remove the folder: its name tells.
    assert all(path.name.startswith(f".{name}.") for path in out.glob("*"))
    for path in out.rglob("*.npy"):
        assert path.name.startswith(".") or np.load(path).shape == (300, 300)
    assert not [path for path in out.rglob("*.h5") if not path.name.startswith(".")]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_worker_is_said_and_nothing_is_left(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"

    def kill() -> None:
        wait_until(lambda: [*out.glob(".*/0/*")])
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert write("--impl", name, "-n", 20_000, "-s", 100, "--workers", 2, "--out", out) == 1
    killer.join()
    assert "ended unasked" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


# One in three was lost in a destructor of h5py's, and the job went on.
@pytest.mark.parametrize("moment", range(6))
def test_sigterm_ends_it_wherever_it_is_and_leaves_nothing(moment: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--impl", "hdf5", "-n", "20000", "-s", "100", "--out", str(out)]
    with subprocess.Popen(
        [sys.executable, "-m", "workloads", "write", *options],
        env=surroundings(),
        stderr=subprocess.PIPE,
        text=True,
    ) as job:
        wait_until(lambda: [*out.glob(".*/0/.*")], job)
        time.sleep(0.03 * moment)
        job.terminate()
        said = job.communicate(timeout=100)[1]
    assert (job.returncode, said) == (143, "")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["text", "hdf5-single", "multiprocessing", "mpi-send"])
def test_ctrl_c_is_one_line_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    out = tmp_path / "o"
    command = [*(launcher(2) if name in RANKS else []), sys.executable, "-m", "workloads"]
    command += ["write", "--impl", name, "-n", "20000", "-s", "100", "--out", str(out)]
    with subprocess.Popen(
        command, env=surroundings(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as job:
        wait_until(lambda: [*out.glob(".*/0/*")], job)
        os.killpg(job.pid, signal.SIGINT)
        said = job.communicate(timeout=100)[1]
    assert job.returncode == 130
    assert said.count("workloads: write: stopped\n") == 1
    assert not [*tmp_path.iterdir()]
