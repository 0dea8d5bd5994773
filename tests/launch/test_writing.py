"""Arrays are written and read on each place that `./hpcpy bench write` measures."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcpy.core.errors import UnavailableError
from measure.writing import places
from measure.writing.rounds import TASKS, Task, measure
from tiers import sampled

# The sizes are the bench's affair.
FEW = [Task(one.workload, 3, 10, one.techniques) for one in TASKS[:2]]


@pytest.mark.parametrize("name", sampled(reversed(places.NAMES)))
def test_each_technique_writes_and_reads_there(name: str, sif: str) -> None:
    try:
        places.choose([name])
    except UnavailableError as error:
        pytest.skip(str(error))
    rows = measure(Path(sif), [name], 1, FEW)
    assert [(one.workload, one.technique) for one in rows] == [
        (task.workload, technique) for task in FEW for technique in task.techniques
    ]
    assert {(one.place, len(one.seconds)) for one in rows} == {(name, 1)}
    shares = {one.technique for one in rows if one.opening}
    assert shares == {"npy"}
