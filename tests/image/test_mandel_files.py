"""What mandel writes: numbers and pictures."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workloads.__main__ import main

SMALL = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "31", "17", "--maxiter", "60"]


def mandel(*arguments: Any) -> Any:
    return main(["mandel", *map(str, arguments)])


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
