"""Each MPI library under each of srun's kinds of MPI, over two nodes, and under prterun."""

import os
from pathlib import Path

import pytest
from local_cluster import Cluster, image
from mpi_libraries import NEEDS, WORK, said
from own_venv import SIF
from standalone_host import RANKS, built, clean

from hpcpy.engine.setup import ensure
from running import Done, run
from tiers import sampled

pytestmark = NEEDS
WHERE = "import os; print(*sorted(set(comm.allgather(os.uname().nodename))), flush=True)"
# With its default, UCX over all of a node's networks, MPICH's addresses are longer than
# what Slurm 22.05 takes by PMI2 ("value not properly terminated"): the ranks hang.
# TCP over all of them is at the limit: it hangs with a PATH of 450 characters.
UCX = "UCX_TLS=tcp,self UCX_NET_DEVICES=eth0"
OFI = "MPIR_CVAR_CH4_NETMOD=ofi"
# Open MPI's component for one-sided communication says so where there is no UCX device.
OPEN = "OMPI_MCA_osc=^ucx"
# 3 + 1 with the third rank on the other node, and 2 + 2.
SPREAD = ("--distribution=plane=2", "--ntasks-per-node=2")


def srun(cluster: Cluster, mpi: Path, options: tuple[str, ...], library: str, *words: str) -> Done:
    *program, sif = image()
    inside = (f"--bind={mpi}:/mpi", sif, "env", f"LD_LIBRARY_PATH=/mpi/{library}/lib")
    return cluster.srun("-N2", *options, *program, *inside, *words)


@pytest.mark.parametrize("tasks", sampled(SPREAD))
@pytest.mark.parametrize(
    "cell", sampled([f"openmpi pmix {OPEN}", f"mpich pmi2 {UCX}", f"abi pmi2 {OFI}"], keep=2)
)
def test_ranks_of_two_nodes_work_together(
    cluster: Cluster, mpi: Path, cell: str, tasks: str
) -> None:
    library, kind, *variables = cell.split()
    file = str(cluster.shared / f"ring-{library}{tasks}")
    program = (*variables, "python3", "-c", WORK + WHERE, file)
    done = srun(cluster, mpi, (f"--mpi={kind}", "-n4", tasks), library, *program)
    name = "Open MPI" if library == "openmpi" else "MPICH"
    assert sorted(said(done)) == [f"4 {name}"] * 4 + ["n1 n2"] * 4


# Each rank waits for the others without MPI, as one that computes alone.
APART = """
import pathlib, sys, time
from mpi4py import MPI
folder, comm = pathlib.Path(sys.argv[1]), MPI.COMM_WORLD
for step in range(5):
    (folder / f"{step}.{comm.rank}").touch()
    end = time.monotonic() + 60
    while len(list(folder.glob(f"{step}.*"))) < comm.size:
        assert time.monotonic() < end, f"step {step}: a rank waits for this one to call MPI"
        time.sleep(0.05)
    comm.Barrier()
print("done", flush=True)
"""


@pytest.mark.parametrize("kind", sampled(["pmix", "pmi2"]))
def test_no_rank_waits_in_mpi_until_the_others_call_it(cluster: Cluster, kind: str) -> None:
    folder = cluster.shared / f"apart-{kind}"
    folder.mkdir()
    words = (*image(), "python3", "-c", APART, str(folder))
    options = ("-N2", "-n4", f"--mpi={kind}", "--kill-on-bad-exit=1")
    assert said(cluster.srun(*options, *words)) == ["done"] * 4


@pytest.mark.parametrize("how", sampled(["hpcpy_job preflight", "mpi4py"]))
def test_a_rank_of_open_mpi_that_fails_ends_all(cluster: Cluster, mpi: Path, how: str) -> None:
    fails = cluster.shared / "fails.py"
    fails.write_text(
        "from mpi4py import MPI\n"
        "if MPI.COMM_WORLD.rank == 2:\n"
        "    raise ValueError('mine')\n"
        "MPI.COMM_WORLD.Barrier()\n"
    )
    options = ("--mpi=pmix", "-n4", "--ntasks-per-node=2", "--kill-on-bad-exit=1")
    done = srun(cluster, mpi, options, "openmpi", OPEN, "python3", "-m", *how.split(), str(fails))
    assert done.returncode != 0
    assert done.stderr.count("ValueError: mine\n") == 1, done.stderr
    if how != "mpi4py":  # Open MPI itself names none here
        assert "hpcpy: rank 2 on n2: exit code 1\n" in done.stderr


@pytest.mark.parametrize("library", sampled(["mpich", "abi"]))
def test_an_mpich_without_pmix_says_so_and_ends(cluster: Cluster, mpi: Path, library: str) -> None:
    program = ("python3", "-c", "from mpi4py import MPI; print(MPI.COMM_WORLD.size)")
    done = srun(cluster, mpi, ("--mpi=pmix", "-n2"), library, *program)
    assert done.returncode not in (0, 1)
    assert done.stdout == ""
    assert "Runtime environment uses unsupported PMI version PMIx" in done.stderr


@pytest.mark.parametrize(
    ("library", "kind"),
    # The image's own, where /mpi has none; Open MPI speaks PMIx alone.
    sampled([("own", "none"), ("openmpi", "pmi2"), ("mpich", "none")]),
)
def test_where_every_rank_is_rank_0_of_1_the_workloads_refuse(
    cluster: Cluster, mpi: Path, library: str, kind: str
) -> None:
    program = ("python3", "-m", "workloads", "pi", "--impl", "mpi", "-n", "10007")
    done = srun(cluster, mpi, (f"--mpi={kind}", "-n2"), library, *program)
    assert (done.returncode, done.stdout) == (69, "")
    assert "the launcher started 2 processes but MPI sees one rank in each" in done.stderr
    assert "srun --mpi=pmi2 (MPICH) or --mpi=pmix (Open MPI)" in done.stderr


def prterun(mpi: Path, *words: object, **variables: str) -> Done:
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    options = ("--map-by", ":OVERSUBSCRIBE", "-n", 4)
    # PRTE_PREFIX is where its help is; Open MPI asks for a device that is not here.
    given = {"PRTE_PREFIX": str(mpi / "openmpi"), "OMPI_MCA_osc": "^ucx", **variables}
    program = mpi / "openmpi/bin/prterun"
    return run(program, *as_root, *options, *words, env=clean(**given), timeout=300)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ranks") / "ranks.py"
    path.write_text(RANKS)
    return path


@pytest.mark.long
def test_the_image_has_four_ranks_by_its_own_mpi(mpi: Path, ranks: Path) -> None:
    command = (ensure("apptainer")["apptainer"].path, "exec", f"--bind={ranks.parent}:/own", SIF)
    done = prterun(mpi, *command, "python3", "/own/ranks.py", "MPICH")
    assert (done.returncode, done.stdout) == (0, "6 4 True\n" * 4), done.stderr


@pytest.mark.long
def test_the_one_file_has_them_by_the_sites_mpi(mpi: Path, ranks: Path) -> None:
    library = {"LD_LIBRARY_PATH": str(mpi / "openmpi/lib")}
    done = prterun(mpi, built(), ranks, "Open MPI", **library)
    assert (done.returncode, done.stdout) == (0, "6 4 True\n" * 4), done.stderr


@pytest.mark.long
def test_ranks_that_would_each_be_alone_end(mpi: Path, ranks: Path) -> None:
    for words in ((ranks, "MPICH"), ("-m", "hpcpy_job", "preflight", ranks, "MPICH")):
        done = prterun(mpi, built(), *words)
        assert done.returncode != 0
        assert "HPCPY_MPI" in done.stderr
        assert "True" not in done.stdout
