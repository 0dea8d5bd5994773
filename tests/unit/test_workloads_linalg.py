"""Linear algebra without numpy: lists, bad input, which technique is for which task."""

from __future__ import annotations

import pytest

from workloads.bench import machine
from workloads.errors import UsageError
from workloads.linalg.problems import Problem


def test_more_than_the_memory_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: 2**30)
    Problem("eigh", 4_000, 1).prepare([])
    with pytest.raises(UsageError, match=r"-n 5000 needs 1.5 GiB of memory for eigh, 1.0 are"):
        Problem("eigh", 5_000, 1).prepare([])
