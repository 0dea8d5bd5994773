"""What a row of several ranks says of memory: each rank's peak, and their sum."""

from __future__ import annotations

import json
from pathlib import Path

from running import on_ranks
from workloads.bench.result import mebibytes

_MORE = 64 << 20
# Each rank has one block more than the one before it.
_HOLDS = f"""
import sys
from workloads.__main__ import main
from workloads.parallel import ranks
from workloads.mandel import registry
right = registry.compute_rows
def with_blocks(*words):
    block = bytearray(ranks.world().rank * {_MORE})
    return right(*words)
registry.compute_rows = with_blocks
sys.exit(main(sys.argv[1:]))
"""


def test_the_largest_rank_is_seen_and_the_column_is_the_sum(tmp_path: Path) -> None:
    report = tmp_path / "m.json"
    words = ["mandel", "--area", "area1", "--size", 20, 20, "--impl", "mpi-cyclic"]
    done = on_ranks(3, "-c", _HOLDS, *words, "--json", report)
    assert (done.returncode, done.stderr) == (0, "")
    (result,) = json.loads(report.read_text())["results"]
    first, second, third = result["memory"]
    assert second > first + _MORE // 2
    assert third > second + _MORE // 2
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("mpi-cyclic ")]
    assert f" {mebibytes(first + second + third)} " in row
