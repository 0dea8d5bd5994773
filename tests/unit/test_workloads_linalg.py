"""Linear algebra without numpy: lists, bad input, which technique is for which task."""

from __future__ import annotations

import os

import pytest

from workloads.errors import UsageError
from workloads.harness import machine
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


class TestCheck:
    def test_too_much_is_wrong_and_so_is_what_is_no_number(self) -> None:
        for error, right in ((0.0, True), (50.0, True), (50.1, False), (float("nan"), False)):
            found = [(1.0, 1.0), (error, 2.0)]
            got, _, says = problems.Tasks(9, 1, 2).check(found)
            assert (got, says.startswith("WRONG: 1 tasks, ")) == (right, not right)

    def test_one_is_added_to_each(self) -> None:
        assert problems.AddOne(4, 1).check(10.0) == (True, "10", "10, exactly n·(n + 1) / 2")
        right, _, says = problems.AddOne(4, 1).check(6.0)
        assert (right, says) == (False, "WRONG: 6.0, not 10")

    def test_a_mean_is_exact(self) -> None:
        assert problems.Mean(4, 1).check(1.5) == (True, "1.5", "1.5, exactly (n − 1) / 2")
        assert problems.Mean(4, 1).check(1.25)[2] == "WRONG: 1.25, not 1.5"
