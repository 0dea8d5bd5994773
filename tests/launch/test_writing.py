"""Arrays are written and read on each place that `benchmarks/write.py` measures."""

from __future__ import annotations

from pathlib import Path

import pytest

import write
from hpcpy.core.errors import UnavailableError
from tiers import sampled
from write import NAMES, TASKS, Row, Task

# The sizes are the benchmark's affair.
FEW = [Task(one.workload, 3, 10, one.techniques) for one in TASKS[:2]]


@pytest.mark.parametrize("place", sampled(reversed(NAMES)))
def test_each_technique_writes_and_reads_there(place: str, sif: str) -> None:
    try:
        write.choose([place])
    except UnavailableError as error:
        pytest.skip(str(error))
    rows = {}
    for task in FEW:
        for told in write.ask(Path(sif), place, task):
            row = rows[task.workload, told["impl"]] = Row(place, task.workload, 3, 10, told["impl"])
            row.add(told)
    assert [*rows] == [(task.workload, name) for task in FEW for name in task.techniques]
    assert {row.technique for row in rows.values() if row.opening} == {"npy"}
