"""The doctor's checks of processors, surroundings and MPI, on machines made of folders."""

import os

import pytest
from small_machine import Machine, named

from hpcpy_common import mounts, ranks
from hpcpy_job.doctor import checks
from hpcpy_job.doctor.checks import Finding, Status, cpu, mpi
from hpcpy_job.doctor.node import Node, RankFacts, World


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


_MOUNTS = """\
1 0 8:1 / / rw - ext4 /dev/a rw
2 1 0:9 / /home rw shared:1 - nfs4 server:/home rw
3 1 0:9 / /home/my\\040user rw - lustre lfs rw
8 1 0:12 / /ceph rw - fuse.ceph-fuse ceph-fuse rw
10 1 0:14 / /some ro - fuse /dev/fuse ro
cut
"""


@pytest.mark.parametrize(
    ("folder", "is_network"),
    [("/home", True), ("/ceph", True), ("/some", False)],
)
def test_file_systems_of_a_network(folder: str, is_network: bool) -> None:
    assert mounts.is_network(mounts.of(_MOUNTS, folder)) == is_network


HYDRA = {"PMI_RANK": "1", "PMI_SIZE": "4", "PMI_FD": "0"}
SLURM = {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "8"}


@pytest.mark.parametrize(
    ("variables", "claims"),
    [
        # sbatch's own shell: no step.
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, []),
        (HYDRA, [(1, 4)]),
        # mpiexec inside of a step: its variables count.
        (SLURM | HYDRA, [(1, 4)]),
        # An empty number is none.
        (SLURM | {"PMI_RANK": "", "PMI_SIZE": ""}, [(2, 8)]),
    ],
)
def test_what_the_launcher_claims(variables: dict[str, str], claims: list[tuple[int, int]]) -> None:
    assert [(each.rank, each.size) for each in ranks.claims(variables)] == claims


@pytest.mark.parametrize(
    ("variables", "family", "says"),
    [
        (SLURM, "mpich", "srun --mpi=pmi2"),
        ({**SLURM, "PMIX_RANK": "0"}, "mpich", "speaks no PMIx"),
        ({**HYDRA, "PMI_FD": "987"}, "mpich", "--preserve-fds"),
    ],
)
def test_the_remedy_fits(variables: dict[str, str], family: str, says: str) -> None:
    assert says in mpi.remedy(variables, family)
