"""What a launcher's variables claim of ranks, and which file systems are a network's."""

import sys

import pytest
from processes import environment

from hpcpy_common import mounts, ranks
from hpcpy_job.doctor.checks import mpi
from running import run

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


STEPD = "slurmstepd: [7.0]"
ENGINE, SHELL = "Apptainer runtime parent: hpcpy", "sh"
CLEANED = ["env", "-u", "PMI_RANK", "-u", "PMI_SIZE"]
GIVEN = ["env", "PMI_RANK=0", "PMI_SIZE=1"]
# What the engine starts first where ranks share a container; its own variables are the host's.
INIT = [*CLEANED, "bash", "-c", """exec -a appinit bash -c '"$@"; exit $?' - "$@" """, "-"]
AS = """exec -a "$0" bash -c '"$@"; exit $?' - "$@" """


# How a process was started, from the outermost one, and whether it has lost its launcher.
@pytest.mark.parametrize(
    ("above", "is_lost"),
    [
        ([STEPD, ENGINE, CLEANED], True),
        (["prted", "Singularity runtime parent: hpcpy", CLEANED], True),
        # The engine has let the variables in; a rank then drops them for what it starts.
        ([STEPD, ENGINE, SHELL, CLEANED], False),
        ([STEPD, ENGINE, INIT, GIVEN, SHELL, CLEANED], False),
        ([STEPD, ENGINE, INIT, SHELL], True),
        # A batch script, a shell in a step, no container.
        (["slurmstepd: [7.batch]", ENGINE, CLEANED], False),
        ([STEPD, SHELL, ENGINE, CLEANED], False),
        ([STEPD, CLEANED], False),
    ],
)
def test_a_rank_without_its_launchers_variables_is_refused(
    above: list[str | list[str]], *, is_lost: bool
) -> None:
    words = [sys.executable, "-m", "workloads", "pi", "--impl", "python", "-n", "1000"]
    for each in reversed(above):
        words = [*each, *words] if isinstance(each, list) else ["bash", "-c", AS, each, *words]
    inside = {"APPTAINER_CONTAINER": "hpcpy.sif"} if "runtime parent" in str(above) else {}
    done = run(*words, env=environment(PMI_RANK="0", PMI_SIZE="1", **inside))
    assert (done.returncode, done.stdout == "") == (69 * is_lost, is_lost), done
    assert done.stderr.count("\n") == is_lost


@pytest.mark.parametrize(("mode", "code"), [("on", 69), ("warn", 0), ("off", 0)])
def test_the_preflight_says_so_as_it_is_asked(mode: str, code: int) -> None:
    words = [*CLEANED, sys.executable, "-m", "hpcpy_job", "preflight", "-m", "this"]
    for each in (ENGINE, STEPD):
        words = ["bash", "-c", AS, each, *words]
    env = environment(HPCPY_PREFLIGHT=mode, APPTAINER_CONTAINER="hpcpy.sif")
    done = run(*words, env=env)
    assert (done.returncode, done.stderr.count("launcher") > 0) == (code, mode != "off"), done
    assert ("Zen" in done.stdout) == (code == 0)
