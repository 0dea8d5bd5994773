"""What mandel writes: samples, numbers, pictures and charts."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import needs

from workloads.__main__ import main
from workloads.mandel.grid import AREAS

SMALL = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "31", "17", "--maxiter", "60"]


def mandel(*arguments: Any) -> Any:
    return main(["mandel", *map(str, arguments)])


def test_json_has_every_sample(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    assert mandel("--area", "area1", "--impl", "numpy", "--repeat", 3, "--json", path) == 0
    report = json.loads(path.read_text())
    assert report["workload"] == "mandel"
    assert report["parameters"]["area1"]["maxiter"] == 80
    assert report["versions"]["numpy"] == np.__version__
    (result,) = report["results"]
    assert len(result["samples"]) == 3
    assert result["ok"] is True
    assert result["answer"] == AREAS["area1"].sha256


def test_hdf5_has_the_numbers_and_the_window(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "m.h5"
    assert mandel("--area", "area1", "--out", path) == 0
    with h5py.File(path) as file:
        data = file["escape_time"]
        assert hashlib.sha256(data[:].tobytes()).hexdigest() == AREAS["area1"].sha256
        assert data.attrs["maxiter"] == 80


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


@pytest.mark.parametrize(
    ("window", "size", "maxiter"),
    [("-2 0.5 -1.25 1.25", "7 13", 40), ("-0.1 0.1 -0.1 0.1", "1 1", 1), ("3 4 3 4", "1000 3", 2)],
)
def test_any_window_makes_a_picture(window: str, size: str, maxiter: int, tmp_path: Path) -> None:
    options = ["--window", *window.split(), "--size", *size.split(), "--maxiter", maxiter]
    for name in ("m.png", "m.pgm"):
        assert mandel(*options, "--impl", "numpy", "--out", tmp_path / name) == 0
    width, height = map(int, size.split())
    assert decoded((tmp_path / "m.png").read_bytes()).shape == (height, width, 3)
    header = f"P5\n{width} {height}\n255\n".encode()
    assert (tmp_path / "m.pgm").read_bytes().startswith(header)
    assert (tmp_path / "m.pgm").stat().st_size == len(header) + width * height


def test_a_sample_makes_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.png"
    assert mandel("--area", "area2", "--impl", "python", "--out", path) == 2
    assert "--full" in capsys.readouterr().err


@needs("matplotlib")
def test_the_chart_is_written(tmp_path: Path) -> None:
    path = tmp_path / "chart.pdf"
    assert mandel(*SMALL, "--impl", "numpy,python", "--plot", path) == 0
    assert path.stat().st_size > 1000
