"""Processors, C library, surroundings and MPI, on machines made of folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_machine import Machine, maker, named

from workloads.doctor import registry
from workloads.doctor.checks import cpu, glibc, mpi
from workloads.doctor.finding import Finding, Status
from workloads.doctor.node import Node, RankFacts, World


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return maker(tmp_path)


ONLINE = {"/sys/devices/system/cpu/online": "0-1023\n"}


def test_ranks_that_are_bound_to_one_core_are_a_warning(machine: Machine) -> None:
    ranks = tuple(RankFacts(frozenset({0})) for _ in range(4))
    found = named(cpu.check(machine(ONLINE, ranks=ranks)), "cpu.binding")
    assert (found.status, found.detail) == (Status.WARN, "all 4 ranks are bound to core 0")


def test_libraries_that_want_a_newer_c_library(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = next(path for path in Path("/lib").rglob("libm.so.6"))
    shutil.copy(library, tmp_path / "libinjected.so.1")
    node = machine({}, environ={"LD_LIBRARY_PATH": f"{tmp_path}:/absent"})
    (found,) = glibc.check(node)
    assert (found.status, "site (1)" in found.detail) == (Status.OK, True)
    monkeypatch.setattr(glibc, "_own", lambda: "2.2")
    (found,) = glibc.check(node)
    assert found.status is Status.WARN
    assert "libinjected.so.1" in found.detail


def test_a_library_that_does_not_load_is_a_failure(machine: Machine) -> None:
    found = mpi.check(machine({}, world=World(problem="libmpi.so.12 does not load: x")))
    assert named(found, "mpi.library").status is Status.FAIL


def test_a_check_that_raises_is_a_finding(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Node) -> list[Finding]:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr(cpu, "check", fails)
    found = registry.examine(machine({}), ["cpu", "gpu"])
    assert [each.name for each in found] == ["cpu.check", "gpu.devices"]
    assert found[0].detail == "this check has failed: ZeroDivisionError: one two"


def test_an_empty_machine_gives_findings_and_no_failure(machine: Machine) -> None:
    found = registry.examine(machine({}))
    assert {each.name.partition(".")[2] for each in found} > {"ranks", "hardware", "devices"}
    assert not [each for each in found if each.name.endswith(".check")]
    assert not [each for each in found if each.status is Status.FAIL]
