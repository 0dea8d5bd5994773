"""Processors, C library, surroundings and MPI, on machines made of folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_machine import Machine, maker, named

from workloads.doctor import isolated, registry
from workloads.doctor.checks import cpu, glibc, mpi, surroundings
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


@pytest.mark.parametrize("wanted", ["1", "100000", "x"])
def test_fewer_cores_than_slurm_promises(machine: Machine, wanted: str) -> None:
    found = cpu.check(machine(ONLINE, environ={"SLURM_CPUS_PER_TASK": wanted}))
    steps = [each.next_step for each in found if each.name == "cpu.task"]
    assert bool(steps) is (wanted == "100000")
    assert all("--cpus-per-task=100000" in step for step in steps)


def test_more_threads_than_cores(machine: Machine) -> None:
    found = named(cpu.check(machine(ONLINE, environ={"OMP_NUM_THREADS": "99999"})), "cpu.threads")
    assert found.status is Status.WARN


def test_ranks_in_namespaces_of_their_own(machine: Machine) -> None:
    ranks = tuple(RankFacts(frozenset({i}), f"user:[{i}]") for i in range(2))
    found = named(cpu.check(machine(ONLINE, ranks=ranks)), "cpu.namespaces")
    assert "--sharens" in found.next_step


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


def test_injected_folders_of_engines_are_looked_at(machine: Machine, tmp_path: Path) -> None:
    node = machine({"/opt/udiImage/modules/mpich/dep/libx.so.1": "x"})
    files = glibc.injected(node, 10)
    assert tmp_path / "opt/udiImage/modules/mpich/dep/libx.so.1" in files


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"SHIFTER_RUNTIME": "1", "SHIFTER_IMAGEREQUEST": "id:abc"}, "in Shifter, id:abc; "),
        ({"SHIFTER_RUNTIME": "1"}, "in Shifter, 1; "),
        ({"APPTAINER_CONTAINER": "/a.sif"}, "in Apptainer, /a.sif; "),
        ({}, "in no container; "),
    ],
)
def test_the_engine_is_told_with_the_image(
    machine: Machine, variables: dict[str, str], says: str
) -> None:
    found = named(surroundings.check(machine({}, environ=variables)), "python.where")
    assert found.detail.startswith(says)


def test_a_tmpdir_that_is_not_there(machine: Machine) -> None:
    node = machine({}, environ={"TMPDIR": "/nonexistent/x"})
    found = named(surroundings.check(node), "user.tmp")
    assert (found.status, found.detail) == (Status.WARN, "TMPDIR=/nonexistent/x is not there")


def test_packages_that_pythonpath_brings_are_a_warning(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "h5py").mkdir()
    (tmp_path / "h5py/__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    node = machine({}, environ={"PYTHONPATH": str(tmp_path)})
    found = named(surroundings.check(node), "python.packages")
    assert found.detail == f"h5py comes from {tmp_path}/h5py/__init__.py"


def test_a_launchers_ranks_are_told_without_mpi(machine: Machine) -> None:
    node = machine({}, environ={"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "3"})
    assert named(mpi.check(node), "mpi.ranks").value == 3


def test_a_library_that_does_not_load_is_a_failure(machine: Machine) -> None:
    found = mpi.check(machine({}, world=World(problem="libmpi.so.12 does not load: x")))
    assert named(found, "mpi.library").status is Status.FAIL


def test_a_library_that_somebody_names_and_no_program_gets_is_a_failure(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = "mpi4py.MPI: HPCPY_MPI names /nope, which cannot be used: x; name another file"
    monkeypatch.setattr(isolated, "ask", lambda _: {"problem": problem})
    found = named(mpi.check(machine({}, deep=True)), "mpi.library")
    assert (found.status, found.next_step) == (Status.FAIL, "")


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
