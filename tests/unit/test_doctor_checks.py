"""Processors, surroundings and MPI, on machines made of folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_machine import Machine, maker, named

from workloads.doctor import checks
from workloads.doctor.checks import Finding, Status, cpu, mpi
from workloads.doctor.node import Node, RankFacts, World


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return maker(tmp_path)


def test_ranks_that_are_bound_to_one_core_are_a_warning(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _: 1024)
    ranks = tuple(RankFacts(frozenset({0})) for _ in range(4))
    found = named(cpu.check(machine({}, ranks=ranks)), "cpu.binding")
    assert (found.status, found.detail) == (Status.WARN, "all 4 ranks are bound to core 0")


def test_a_library_that_does_not_load_is_a_failure(machine: Machine) -> None:
    found = mpi.check(machine({}, world=World(problem="libmpi.so.12 does not load: x")))
    assert named(found, "mpi.library").status is Status.FAIL


def test_a_check_that_raises_is_a_finding(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Node) -> list[Finding]:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr(cpu, "check", fails)
    found = checks.examine(machine({}), ["cpu", "gpu"])
    assert [each.name for each in found] == ["cpu.check", "gpu.devices"]
    assert found[0].detail == "this check has failed: ZeroDivisionError: one two"


def test_an_empty_machine_gives_findings_and_no_failure(machine: Machine) -> None:
    found = checks.examine(machine({}))
    assert {each.name.partition(".")[2] for each in found} > {"ranks", "hardware", "devices"}
    assert not [each for each in found if each.name.endswith(".check")]
    assert not [each for each in found if each.status is Status.FAIL]
