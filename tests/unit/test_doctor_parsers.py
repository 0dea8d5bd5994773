"""What the doctor reads: maps, mounts, lists of cores, launchers' variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from workloads.doctor import cores, fabric_use, launcher, maps, mounts

MAPS = """\
7f10-7f20 r-xp 00000000 08:01 123                        /opt/my mpi/libmpi.so.12.3.0
7f20-7f30 r--p 00010000 08:01 123                        /opt/my mpi/libmpi.so.12.3.0
7f30-7f40 rw-s 00000000 00:05 9                          /dev/cxi0
7f40-7f50 rw-p 00000000 00:00 0                          [heap]
7f50-7f60 rw-p 00000000 00:00 0
7f60-7f70 r-xp 00000000 08:01 124                        /lib/libgone.so.1 (deleted)
"""


def test_mapped_files() -> None:
    found = maps.files(MAPS)
    assert found == ["/opt/my mpi/libmpi.so.12.3.0", "/dev/cxi0", "/lib/libgone.so.1"]
    assert maps.mpi_library(found) == "/opt/my mpi/libmpi.so.12.3.0"


@pytest.mark.parametrize(
    ("name", "is_mpi"),
    [
        ("libmpi.so.12", True),
        ("libmpi_gnu_123.so.12", True),
        ("libmpifort.so.12", False),
        ("MPI.abi3.so", False),
    ],
)
def test_which_library_is_mpi(name: str, is_mpi: bool) -> None:
    assert bool(maps.mpi_library([f"/lib/{name}"])) is is_mpi


NODE = frozenset(range(8))


@pytest.mark.parametrize(
    ("ranks", "says"),
    [
        ([{0}, {1}], ""),
        # Not bound, even with more ranks than cores: the kernel spreads them.
        ([NODE] * 12, ""),
        ([{3}] * 4, "all 4 ranks are bound to core 3"),
        ([{0, 1}, {1, 2}, {4}], "ranks share cores 1"),
    ],
)
def test_how_ranks_share_cores(ranks: list[set[int]], says: str) -> None:
    assert cores.sharing([frozenset(each) for each in ranks], NODE) == says


MOUNTS = """\
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
    assert mounts.is_network(mounts.kind(MOUNTS, folder)) == is_network


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
    ],
)
def test_what_the_launcher_claims(variables: dict[str, str], claims: list[tuple[int, int]]) -> None:
    assert [(each.rank, each.size) for each in launcher.launchers(variables)] == claims


@pytest.mark.parametrize(
    ("variables", "family", "says"),
    [
        (SLURM, "mpich", "srun --mpi=pmi2"),
        ({**SLURM, "PMIX_RANK": "0"}, "mpich", "speaks no PMIx"),
        ({**HYDRA, "PMI_FD": "987"}, "mpich", "--preserve-fds"),
    ],
)
def test_the_remedy_fits(variables: dict[str, str], family: str, says: str) -> None:
    assert says in launcher.remedy(variables, family)


LISTENS = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:ABB1 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65534        0 77 1 0
   1: 0100007F:ABB2 0100007F:0001 01 00000000:00000000 00:00000000 00000000 65534        0 78 1 0
"""


@pytest.mark.parametrize(
    ("opened", "provider"),
    [
        ({"socket:[77]"}, "tcp"),
        ({"/dev/cxi0", "socket:[77]"}, "cxi"),
        # A search for devices opens them, whichever of them is used later.
        ({"/dev/infiniband/uverbs0", "socket:[77]"}, "tcp"),
    ],
)
def test_which_fabric_is_used(opened: set[str], provider: str, tmp_path: Path) -> None:
    folder = tmp_path / "proc/self/net"
    folder.mkdir(parents=True)
    (folder / "tcp").write_text(LISTENS)
    assert fabric_use.evidence(frozenset(opened), [], tmp_path)["provider"] == provider
