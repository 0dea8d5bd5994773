"""Rows of the workloads for a GPU, on one; the last test sends CuPy's arrays between two.

Run where there is a device, in an image or outside:
`PYTHONPATH=src python3 -m pytest tests/gpu`.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import on_device
import pytest

from hpcpy_common.machine import no_cuda_device
from running import run
from workloads.linalg import registry as linalg
from workloads.linalg.definition import MOST
from workloads.mandel import registry as mandel

ROWS = ("cupy", "numba-cuda", "pyopencl")
REFERENCE = {
    "area1": "ce229c1440eafdcc4dd464b8667f31e0b7eea5ba24717ae2868e4bc3b1517dfe",
    "area2": "641cee98245c7d24850cf7364ad18c4c9a0d73d8a1b48d4505d93cbe2655b192",
}


def run_mandel(row: str, *arguments: object) -> Any:
    return on_device.run("mandel", mandel.TECHNIQUES, row, *arguments)


def run_linalg(row: str, task: str, *arguments: object) -> Any:
    return on_device.run("linalg", linalg.TECHNIQUES, row, "--task", task, *arguments)


def result(report: Path) -> Any:
    (found,) = json.loads(report.read_text())["results"]
    assert found["ok"], found["verdict"]
    return found


def check_times(found: Any, times: int) -> None:
    assert len(found["kernel"]) == len(found["samples"]) == times
    assert "kernel" in found["note"]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("area", REFERENCE)
def test_the_bytes_are_the_references_and_the_device_is_named(
    row: str, area: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    run_mandel(row, "--area", area, "--repeat", 3, "--json", report)
    assert result(report)["answer"] == REFERENCE[area]
    check_times(result(report), 3)


@pytest.mark.parametrize("area", mandel.SINGLE)
def test_single_precision_has_the_references_bytes(area: str) -> None:
    assert "matches the reference" in run_mandel("pyopencl-single", "--area", area)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 13), (1000, 3), (3, 1000)])
def test_any_shape(row: str, width: int, height: int) -> None:
    window = ("--window", -2, 0.5, -1.25, 1.25, "--maxiter", 60)
    assert "matches the definition in all" in run_mandel(row, *window, "--size", width, height)


@pytest.mark.parametrize("row", ROWS)
def test_more_pixels_than_the_largest_32_bit_number_of_bytes(row: str) -> None:
    # 4 GiB, in blocks.
    run_mandel(row, "--area", "area1", "--size", 32768, 32768)


@pytest.mark.parametrize(
    ("task", "sizes"),
    [("eigh", (1, 2, 3, 127, 1_000)), ("gram", (1, 127, 1_000)), ("dot", (1, 2, 3, 127, 2_000))],
)
def test_errors_are_small_and_the_device_is_named(
    task: str, sizes: tuple[int, ...], tmp_path: Path
) -> None:
    for n in sizes:
        report = tmp_path / "report.json"
        run_linalg("cupy", task, "-n", n, "--repeat", 3, "--json", report)
        assert max(map(float, result(report)["answer"].split())) <= MOST
        check_times(result(report), 3)


# A stack is one call.  From 100 rows on CuPy's vectors miss the bound: docs/reference/linalg.md.
@pytest.mark.parametrize(
    ("row", "n", "count"),
    [
        *(("cupy", 1, 1), ("cupy", 5, 7), ("cupy", 200, 128)),
        *(("cupy-batch", 1, 1), ("cupy-batch", 5, 7), ("cupy-batch", 50, 128)),
    ],
)
def test_tasks_are_all_done(row: str, n: int, count: int) -> None:
    said = run_linalg(row, "tasks", "-n", n, "--count", count)
    assert "at most trace" in said
    assert row == "cupy" or f"{count} matrices a call" in said


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_ranks_share_the_devices(ranks: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--task", "tasks", "-n", 50, "--count", 7, "--json", report]
    on_device.run_on_ranks(ranks, "linalg", linalg.TECHNIQUES, "cupy-mpi", *words)
    assert result(report)["workers"] == ranks


# Fewer elements than threads in a block, one block and one more, the most.
@pytest.mark.parametrize("n", [1, 255, 256, 257, 10_000_000, 100_000_000])
def test_three_packages_add_one_to_each_element_of_one_array(n: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run_linalg("numba-cuda", "addone", "-n", n, "--repeat", 2, "--json", report)
    assert float(result(report)["answer"]) == n * (n + 1) / 2


# Among them a length that is no multiple of a message's, and one of many messages.
LENGTHS = (1, 70_001, 1 << 24)


@pytest.mark.parametrize("ranks", [2, 3])
def test_arrays_on_the_gpu_arrive_as_sent(ranks: int, tmp_path: Path) -> None:
    if reason := no_cuda_device():
        pytest.skip(f"mpi-cupy: {reason}")
    report = tmp_path / "report.json"
    words = ["--sizes", ",".join(map(str, LENGTHS)), "--times", 3, "--json", report]
    # Its own reasons are those of a rank: here nobody else is there to send to.
    on_device.run_on_ranks(ranks, "p2p", {}, "mpi-cupy", *words)
    results = json.loads(report.read_text())["results"]
    assert [each["details"][0]["bytes"] for each in results] == [*LENGTHS]
    assert all(each["ok"] for each in results)


SELF = """
import cupy
from mpi4py import MPI
sent, got = cupy.arange(8), cupy.zeros(8, "i8")
try:
    MPI.COMM_SELF.Sendrecv(sent, 0, recvbuf=got, source=0)
except BufferError as error:
    print(error)
else:
    print("arrived" if (sent == got).all() else got)
"""


@pytest.mark.skipif(not find_spec("hpcpy_info"), reason="pip's mpi4py asks no library for a GPU")
def test_mpi_takes_an_array_on_the_gpu_or_says_how() -> None:
    if reason := no_cuda_device():
        pytest.skip(f"cupy: {reason}")
    done = run(sys.executable, "-c", SELF)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arrived\n" or "cupy.asnumpy(array)" in done.stdout
