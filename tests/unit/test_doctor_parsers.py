"""What the doctor reads: maps, mounts, lists of cores, launchers' variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from workloads.doctor import cores, fabric_use, launcher, maps, mounts, mpi_library

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
        ("libmpi.so.12", True), ("libmpi.so.40.30.5", True), ("libmpi_abi.so.1", True),
        ("libmpich.so.12.2.1", True), ("libmpi_gnu_123.so.12", True), ("libmpich_nvidia.so", True),
        ("libmpifort.so.12", False), ("libmpicxx.so.12", False), ("libmpi_mpifh.so.40", False),
        ("libmpi_cxx.so.40", False), ("libmpi.so.12.txt", False), ("MPI.abi3.so", False),
    ],
)  # fmt: skip
def test_which_library_is_mpi(name: str, is_mpi: bool) -> None:
    assert bool(maps.mpi_library([f"/lib/{name}"])) is is_mpi


def test_a_library_by_another_name_is_found_by_its_variable(tmp_path: Path) -> None:
    real = tmp_path / "vendor.so"
    real.touch()
    link = tmp_path / "link"
    link.symlink_to(real)
    assert maps.mpi_library([str(real)], str(link)) == str(real)
    assert maps.mpi_library([str(real)]) == ""


@pytest.mark.parametrize(
    ("soname", "text", "family"),
    [
        ("libmpi.so.12", "MPICH Version:\t4.9.9\n", "mpich"),
        ("libmpi.so.40", "Open MPI v5.0.3, package: …", "openmpi"),
        ("libmpi_abi.so.1", "MPICH Version: 5.0.0", "abi"),
    ],
)
def test_whose_abi(soname: str, text: str, family: str) -> None:
    assert mpi_library.family("", soname, text) == family


def test_a_librarys_version_in_a_few_words() -> None:
    text = (
        "MPICH Version:\t4.9.9\nMPICH Release date:\tnow\nMPICH Device:\tch4:ofi\nMPICH CC:\tgcc\n"
    )
    assert mpi_library.first_words(text) == "MPICH Version: 4.9.9, MPICH Device: ch4:ofi"
    assert mpi_library.first_words("Open MPI v5.0.3, package: x\0") == "Open MPI v5.0.3, package: x"
    assert mpi_library.first_words("") == ""


@pytest.mark.parametrize(
    ("text", "numbers"), [("0-3,8", {0, 1, 2, 3, 8}), ("0", {0}), ("", set()), ("0-x", set())]
)
def test_lists_of_cores(text: str, numbers: set[int]) -> None:
    assert cores.parsed(text) == numbers
    if numbers:
        assert cores.ranges(numbers) == text


NODE = frozenset(range(8))


@pytest.mark.parametrize(
    ("ranks", "says"),
    [
        ([{0}, {1}], ""),
        ([{0, 1}, {2, 3}], ""),
        ([{0}], ""),
        # Not bound, even with more ranks than cores: the kernel spreads them.
        ([NODE] * 12, ""),
        # Bound by a cpuset that has room for all.
        ([{0, 1, 2, 3}] * 4, ""),
        ([{3}] * 4, "all 4 ranks are bound to core 3"),
        ([{2, 3}] * 4, "all 4 ranks are bound to cores 2-3"),
        ([{0, 1}, {1, 2}, {4}], "ranks share cores 1"),
    ],
)
def test_how_ranks_share_cores(ranks: list[set[int]], says: str) -> None:
    assert cores.sharing([frozenset(each) for each in ranks], NODE) == says


MOUNTS = """\
1 0 8:1 / / rw - ext4 /dev/a rw
2 1 0:9 / /home rw shared:1 - nfs4 server:/home rw
3 1 0:9 / /home/my\\040user rw - lustre lfs rw
4 1 0:8 / /scratch rw - ext4 /dev/b rw
5 1 0:7 / /scratch rw - tmpfs none rw
6 1 0:10 / /moose rw - fuse mfs\\043master:9421 rw,user_id=0
7 1 0:11 / /moosefs rw - fuse.mfs master:9421 rw
8 1 0:12 / /ceph rw - fuse.ceph-fuse ceph-fuse rw
9 1 0:13 / /image ro - fuse.squashfuse_ll squashfuse_ll ro
10 1 0:14 / /some ro - fuse /dev/fuse ro
cut
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"), ("/homely", "ext4"), ("/home", "nfs4"), ("/home/x/y", "nfs4"),
        ("/home/my user/x", "lustre"), ("/scratch/x", "tmpfs"), ("/moose/x", "fuse.mfs"),
        ("/some", "fuse"),
    ],
)  # fmt: skip
def test_kinds_of_file_systems(folder: str, kind: str) -> None:
    assert mounts.kind(MOUNTS, folder) == kind


@pytest.mark.parametrize(
    ("folder", "is_network"),
    [
        ("/", False), ("/home", True), ("/home/my user", True), ("/scratch", False),
        ("/moose", True), ("/moosefs", True), ("/ceph", True), ("/image", False), ("/some", False),
    ],
)  # fmt: skip
def test_file_systems_of_a_network(folder: str, is_network: bool) -> None:
    assert mounts.is_network(mounts.kind(MOUNTS, folder)) == is_network


HYDRA = {"PMI_RANK": "1", "PMI_SIZE": "4", "PMI_FD": "0"}
SLURM = {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "8"}
OPEN_MPI = {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "3"}


@pytest.mark.parametrize(
    ("variables", "claims"),
    [
        ({}, []),
        # sbatch's own shell: no step.
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, []),
        (SLURM, [(2, 8)]),
        (HYDRA, [(1, 4)]),
        # mpiexec inside of a step: its variables count.
        (SLURM | HYDRA, [(1, 4)]),
        (HYDRA | OPEN_MPI, [(1, 4), (0, 3)]),
        ({"PMI_RANK": "x", "PMI_SIZE": ""}, []),
    ],
)
def test_what_the_launcher_claims(variables: dict[str, str], claims: list[tuple[int, int]]) -> None:
    assert [(each.rank, each.size) for each in launcher.launchers(variables)] == claims


def test_mpi_may_join_the_parts_of_a_heterogeneous_job() -> None:
    (found,) = launcher.launchers({**SLURM, "SLURM_HET_SIZE": "2"})
    assert found.agrees(8)
    assert found.agrees(24)
    assert not found.agrees(1)


@pytest.mark.parametrize(
    ("variables", "family", "says"),
    [
        (SLURM, "mpich", "srun --mpi=pmi2"),
        (SLURM, "openmpi", "srun --mpi=pmix"),
        ({**SLURM, "PMIX_RANK": "0"}, "mpich", "speaks no PMIx"),
        (OPEN_MPI, "mpich", "the mpiexec of the same MPI"),
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
        # Connected, not listening: the launcher's.
        ({"socket:[78]", "/dev/null"}, ""),
        ({"/dev/cxi0", "socket:[77]"}, "cxi"),
        ({"/dev/hfi1_0"}, "opx"),
        ({"/dev/infiniband/uverbs0"}, "verbs"),
        # A search for devices opens them, whichever of them is used later.
        ({"/dev/infiniband/uverbs0", "socket:[77]"}, "tcp"),
        (set(), ""),
    ],
)
def test_which_fabric_is_used(opened: set[str], provider: str, tmp_path: Path) -> None:
    folder = tmp_path / "proc/self/net"
    folder.mkdir(parents=True)
    (folder / "tcp").write_text(LISTENS)
    assert fabric_use.evidence(frozenset(opened), [], tmp_path)["provider"] == provider


def test_what_mpich_says_of_its_provider() -> None:
    text = "provider: udp, score = 4\nlibfabric provider: verbs;ofi_rxm - mlx5_0\n"
    assert fabric_use.said_by_mpich(text) == "verbs;ofi_rxm"
    assert fabric_use.said_by_mpich("nothing") == ""
