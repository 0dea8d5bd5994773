"""Linear algebra without numpy: lists, bad input, which technique is for which task."""

from __future__ import annotations

import os

import pytest

from workloads.bench import machine
from workloads.errors import UsageError
from workloads.linalg import blas, problems


def test_more_than_the_memory_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: 2**30)
    problems.Eigh(4_000, 1).prepare([])
    with pytest.raises(UsageError, match=r"-n 5000 needs 1.5 GiB of memory for eigh, 1.0 are"):
        problems.Eigh(5_000, 1).prepare([])


def test_children_get_a_number_of_threads_and_the_parent_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {"OMP_NUM_THREADS": "5", "OPENBLAS_NUM_THREADS": "6"}
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    with blas.threads(3):
        there = {name: os.environ[name] for name in blas.VARIABLES if name in os.environ}
        assert there == {"OMP_NUM_THREADS": "3"}
    assert {name: os.environ.get(name) for name in before} == before
    with blas.shared(2) as note:
        assert os.environ["OMP_NUM_THREADS"] == "5"
        assert note == "OPENBLAS_NUM_THREADS=6 in each process"
