"""The command: verdicts, exit codes, what it writes, scaling, profiles."""

import hashlib
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import needs

from running import printed, run, surroundings
from workloads.__main__ import main
from workloads.mandel import command, grid, numpy_
from workloads.mandel.grid import AREAS, Answer, Area, Grid
from workloads.mandel.registry import TECHNIQUES, of_kernel

SMALL = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "31", "17", "--maxiter", "60"]


def mandel(*arguments: Any) -> Any:
    return main(["mandel", *map(str, arguments)])


def test_a_wrong_pixel_is_counted_placed_and_exits_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = numpy_.fill

    def wrong(xs: Any, ys: Any, maxiter: Any, out: Any) -> None:
        right(xs, ys, maxiter, out)
        # Two pixels, whichever rows the call is about.
        if len(ys) == 1000:
            out[3, 17] += 1
            out[500, 999] += 1

    monkeypatch.setattr(numpy_, "fill", wrong)
    picture = tmp_path / "m.png"
    assert mandel("--area", "area1", "--impl", "numpy", "--out", picture) == 1
    shown = capsys.readouterr()
    want = "2 pixels differ from the reference, first row 3 column 17: 1, not 0"
    assert want in shown.err
    assert want in shown.out
    assert not [*tmp_path.iterdir()], "a wrong picture must not appear"


def test_few_points_of_a_deep_window_are_compared() -> None:
    # A row of it was: a thousand times as many tests, by pure Python, after one second.
    deep = Area("window", Grid(-0.2, -0.1, -0.05, 0.05, 1000, 16, 1_000_000))
    answer = Answer(deep, range(16))
    answer.take(range(16), np.full((16, 1000), 999_999, np.int32))
    assert answer.verdict == "matches the definition in all 9 points of a sample of 16,000"


def test_a_wrong_pixel_of_a_large_window_is_placed() -> None:
    area = Area("window", Grid(-2.0, 0.5, -1.25, 1.25, 400, 300, 1000))
    block = np.empty((300, 400), np.int32)
    TECHNIQUES["numpy"].load()(*area.grid.axes(range(300)), 1000, block)
    block[:, 399] -= 1
    answer = Answer(area, range(300))
    answer.take(range(100), block[:100])
    answer.take(range(100, 300), block[100:])
    assert answer.verdict.startswith(
        "WRONG: 25 pixels differ from the definition in 10,000 of 120,000 points, "
        "first row 5 column 399: 0, not 1"
    )


def test_the_first_right_answer_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A wrong one before it left no file, and the report named one.
    monkeypatch.setattr(numpy_, "fill", lambda *_: None)
    numbers = tmp_path / "m.npy"
    assert mandel("--area", "area1", "--impl", "numpy,cython", "--out", numbers) == 1
    assert f"written to {numbers}" in capsys.readouterr().out
    assert hashlib.sha256(np.load(numbers).tobytes()).hexdigest() == AREAS["area1"].sha256


@pytest.mark.parametrize("name", ["ctypes", "cffi"])
def test_without_a_compiler_c_is_not_called_and_the_image_with_one_is_named(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert mandel(*SMALL, "--impl", name) == 69
    assert f"{name} cannot run here: no C compiler: run it in the image hpcpy-dev" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_a_slow_technique_shows_its_progress_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(command, "_DELAY_SECONDS", 0)
    assert mandel(*SMALL, "--impl", "python") == 0
    assert ("python window: " in stream.getvalue()) == terminal


def test_a_size_beyond_memory_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert mandel("--size", 2**31 - 1, 2, "--impl", "numpy") in (0, 2)
    assert mandel("--size", 2**40, 2, "--impl", "numpy") == 2
    assert "GiB" in capsys.readouterr().err


def test_it_runs_where_no_home_can_be_written(tmp_path: Path) -> None:
    env = {**surroundings(), "HOME": "/proc/none", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "workloads", "mandel", *SMALL, "--impl", "all"]
    shown = printed(run(*command, env=env))
    assert "\npython-2 " in shown
    assert "mpi-block: left out: one rank" in shown


def test_workers_compute_with_the_kernel_that_was_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*SMALL, "--impl", "numba,numpy,threads", "--workers", 1]
    for options, kernel in (((), "numba"), (("--kernel", "numpy"), "numpy")):
        assert mandel(*words, *options) == 0
        assert f"threads: {kernel} without the GIL" in capsys.readouterr().out
    # Efficiency was of the first kernel that had run.
    assert of_kernel("numpy")["threads"].one_core == ("numpy",)
    absent = replace(TECHNIQUES["cython"], obstacle=lambda: "it rains")
    monkeypatch.setitem(TECHNIQUES, "cython", absent)
    assert mandel(*words, "--kernel", "cython") == 69
    assert "--kernel cython cannot run here: it rains" in capsys.readouterr().err


def test_a_large_image_comes_in_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # Rows of 360 bytes, five a block.
    monkeypatch.setattr(grid, "_BLOCK_BYTES", 1_800)
    path = tmp_path / "m.npy"
    names = "numba-parallel,threads,multiprocessing"
    if TECHNIQUES["numba-parallel"].why_not():
        names = names.removeprefix("numba-parallel,")
    assert mandel("--area", "area1", "--size", 90, 23, "--impl", names, "--out", path) == 0
    shown = capsys.readouterr().out
    digest = hashlib.sha256(np.load(path).tobytes()).hexdigest()
    assert shown.count("sha256 ") == 1, "all techniques have one answer"
    assert f"sha256 {digest}" in shown


@needs("PIL")
def test_the_picture_is_black_inside_and_nowhere_else(tmp_path: Path) -> None:
    from PIL import Image

    numbers, picture = tmp_path / "m.npy", tmp_path / "m.png"
    assert mandel(*SMALL, "--out", numbers) == 0
    assert mandel(*SMALL, "--out", picture) == 0
    pixels = np.asarray(Image.open(picture))
    assert pixels.shape == (17, 31, 3)
    assert ((pixels.sum(axis=2) == 0) == (np.load(numbers) == 59)).all()


def test_a_sample_makes_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.png"
    assert mandel("--area", "area2", "--impl", "python", "--out", path) == 2
    assert "--full" in capsys.readouterr().err
