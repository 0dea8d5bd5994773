"""Mandelbrot's rows for a GPU, on one.

Run where there is a device, in an image or outside:
`PYTHONPATH=src python3 -m pytest tests/gpu`.
"""

import json
from pathlib import Path
from typing import Any

import on_device
import pytest

from workloads.mandel.registry import SINGLE, TECHNIQUES

ROWS = ("cupy", "numba-cuda", "pyopencl")
REFERENCE = {
    "area1": "ce229c1440eafdcc4dd464b8667f31e0b7eea5ba24717ae2868e4bc3b1517dfe",
    "area2": "641cee98245c7d24850cf7364ad18c4c9a0d73d8a1b48d4505d93cbe2655b192",
}


def run(row: Any, *arguments: Any) -> Any:
    return on_device.run("mandel", TECHNIQUES, row, *arguments)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("area", REFERENCE)
def test_the_bytes_are_the_references_and_the_device_is_named(
    row: Any, area: Any, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    run(row, "--area", area, "--repeat", 3, "--json", report)
    (result,) = json.loads(report.read_text())["results"]
    assert (result["ok"], result["answer"]) == (True, REFERENCE[area])
    assert len(result["kernel"]) == len(result["samples"]) == 3
    assert "kernel" in result["note"]


@pytest.mark.parametrize("area", SINGLE)
def test_single_precision_has_the_references_bytes(area: str) -> None:
    assert "matches the reference" in run("pyopencl-single", "--area", area)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 13), (1000, 3), (3, 1000)])
def test_any_shape(row: Any, width: int, height: int) -> None:
    window = ("--window", -2, 0.5, -1.25, 1.25, "--maxiter", 60)
    assert "points match the definition" in run(row, *window, "--size", width, height)


@pytest.mark.parametrize("row", ROWS)
def test_more_pixels_than_the_largest_32_bit_number_of_bytes(row: Any) -> None:
    # 4 GiB, in blocks.
    run(row, "--area", "area1", "--size", 32768, 32768)
