"""What a launcher's variables claim of ranks, and which file systems are a network's."""

import pytest

from hpcpy_common import mounts, ranks
from hpcpy_job.doctor.checks import mpi

_MOUNTS = """\
1 0 8:1 / / rw - ext4 /dev/a rw
2 1 0:9 / /home rw shared:1 - nfs4 server:/home rw
3 1 0:9 / /home/my\\040user rw - lustre lfs rw
8 1 0:12 / /ceph rw - fuse.ceph-fuse ceph-fuse rw
10 1 0:14 / /some ro - fuse /dev/fuse ro
cut
"""


@pytest.mark.parametrize(
    ("folder", "is_network"), [("/home", True), ("/ceph", True), ("/some", False)]
)
def test_file_systems_of_a_network(folder: str, is_network: bool) -> None:
    assert mounts.is_network(mounts.of(_MOUNTS, folder)) == is_network


HYDRA = {"PMI_RANK": "1", "PMI_SIZE": "4", "PMI_FD": "0"}


SLURM = {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "8"}


@pytest.mark.parametrize(
    ("variables", "claims", "is_of_several"),
    [
        ({}, [], False),
        # sbatch's own shell: no step.
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, [], False),
        (HYDRA, [(1, 4)], True),
        (HYDRA | {"PMI_SIZE": "1"}, [(1, 1)], False),
        # mpiexec inside of a step: its variables count.
        (SLURM | HYDRA, [(1, 4)], True),
        # An empty number is none.
        (SLURM | {"PMI_RANK": "", "PMI_SIZE": ""}, [(2, 8)], True),
        # PMIx names no size: there may be several.
        ({"PMIX_RANK": "0", "PMIX_NAMESPACE": "n"}, [], True),
        ({"PMIX_RANK": "0"}, [], False),
        (SLURM | {"PMIX_RANK": "0", "SLURM_STEP_NUM_TASKS": "1"}, [(2, 1)], False),
    ],
)
def test_what_the_launcher_claims(
    variables: dict[str, str], claims: list[tuple[int, int]], *, is_of_several: bool
) -> None:
    assert [(each.rank, each.size) for each in ranks.claims(variables)] == claims
    assert ranks.is_of_several(variables) == is_of_several


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
