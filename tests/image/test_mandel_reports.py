"""What a run may also write: numbers, pictures, large images, scaling, profiles."""

import hashlib
import json
import pstats
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import is_drawn, plotted

from workloads.__main__ import main
from workloads.mandel import grid
from workloads.mandel.registry import TECHNIQUES

SMALL = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "31", "17", "--maxiter", "60"]


def mandel(*arguments: Any) -> Any:
    return main(["mandel", *map(str, arguments)])


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


def test_scaling_has_a_table_and_a_chart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chart, report = tmp_path / "m.svg", tmp_path / "m.json"
    options = ["--impl", "threads,multiprocessing", "--scale", "2,1,2"]
    assert mandel(*SMALL, *options, *plotted(chart), "--json", report) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith(("threads", "multiprocessing"))]
    assert [(row[0], row[1]) for row in rows[:4]] == [
        ("threads", "1"), ("threads", "2"), ("multiprocessing", "1"), ("multiprocessing", "2"),
    ]  # fmt: skip
    assert "1.00×" in rows[0]
    assert [r["workers"] for r in json.loads(report.read_text())["results"]] == [1, 2, 1, 2]
    assert is_drawn(chart)


def test_a_function_profile_opens_in_pstats(tmp_path: Path) -> None:
    path = tmp_path / "m.prof"
    assert mandel(*SMALL, "--impl", "numpy", "--repeat", 2, "--profile", "cprofile", path) == 0
    functions = vars(pstats.Stats(str(path)))["stats"]
    (calls,) = [v[0] for k, v in functions.items() if k[2] == "_fill_points"]
    assert calls == 2, "what is timed, and not the warm-up"


def decoded(png: Any) -> Any:
    """Return width, height and pixels of a PNG without row filters."""
    parts: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(
            png[at + 8 + length : at + 12 + length], "big"
        )
        parts[kind] = parts.get(kind, b"") + data
        at += 12 + length
    width, height = (int.from_bytes(parts[b"IHDR"][i : i + 4], "big") for i in (0, 4))
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_the_picture_is_black_inside_and_nowhere_else(tmp_path: Path) -> None:
    numbers, picture = tmp_path / "m.npy", tmp_path / "m.png"
    assert mandel(*SMALL, "--out", numbers) == 0
    assert mandel(*SMALL, "--out", picture) == 0
    pixels = decoded(picture.read_bytes())
    assert pixels.shape == (17, 31, 3)
    assert ((pixels.sum(axis=2) == 0) == (np.load(numbers) == 59)).all()


def test_a_sample_makes_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.png"
    assert mandel("--area", "area2", "--impl", "python", "--out", path) == 2
    assert "--full" in capsys.readouterr().err
