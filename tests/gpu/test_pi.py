"""Pi's rows for a GPU, on one.

Run where there is a device, in an image or outside:
`PYTHONPATH=src python3 -m pytest tests/gpu`.
"""

from __future__ import annotations

import collections
import json
import re
from pathlib import Path
from typing import Any

import on_device
import pytest

from workloads.pi.registry import TECHNIQUES

ROWS = ("cupy", "numba-cuda", "pyopencl")


def run(row: Any, *arguments: Any) -> Any:
    return on_device.run("pi", TECHNIQUES, row, *arguments)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("pairs", "hits"), [(1_000, "797"), (20_000_000, "15705172")])
def test_the_count_is_the_stored_one_and_the_device_is_named(
    row: Any, pairs: int, hits: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    run(row, "-n", pairs, "--repeat", 3, "--json", report)
    (result,) = json.loads(report.read_text())["results"]
    assert (result["ok"], result["answer"]) == (True, hits)
    assert len(result["kernel"]) == len(result["samples"]) == 3
    assert "kernel" in result["note"]


# Fewer pairs than threads, an odd number, more than one round of all threads.
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("pairs", [1, 2, 3, 999, 1_048_577, 3_000_001])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_any_number_of_pairs_and_any_seed(row: Any, pairs: int, seed: Any) -> None:
    assert "matches the definition" in run(row, "-n", pairs, "--seed", seed)


@pytest.mark.parametrize("row", ROWS)
def test_more_pairs_than_32_bits_count(row: Any) -> None:
    assert "standard deviations" in run(row, "-n", 2**33 + 1)


# A fused product would change one pair in many millions: the count may not
# show it.
def test_numbas_machine_code_has_no_fused_multiply_add() -> None:
    code = """
from workloads.parallel.workers import Workers
from workloads.pi.techniques import devices
devices.numba_cuda(1000, 2022, Workers(1))
print(*devices.numba_kernel().inspect_sass().values())
"""
    found = collections.Counter(
        re.findall(r"\bD(?:FMA|MUL|ADD)\b", on_device.machine_code(TECHNIQUES, code))
    )
    assert found["DMUL"] >= 4
    assert "DFMA" not in found
