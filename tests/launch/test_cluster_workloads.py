"""The workloads over two nodes: reference answers, all ranks there, nothing said besides."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from local_cluster import Cluster, Done, image, only_root

from tiers import sampled
from workloads.mandel.grid import AREAS

REFERENCE = f"sha256 {AREAS['area1'].sha256}: matches the reference"
MANDEL = ("python3", "-m", "workloads", "mandel", "--area", "area1", "--impl", "mpi-dynamic")
PI = ("python3", "-m", "workloads", "pi", "--impl", "mpi-numba")
POISON = "raise SystemExit('a poisoned numpy was imported')\n"

# One task is scheduler and client, the others a worker each.
DASK = """
import os, subprocess, sys, time
from pathlib import Path
from workloads.on_dask.service import address

def wait_for_address():
    end = time.monotonic() + 300
    while not address(file):  # Dask's own programs take a file that is still empty
        assert time.monotonic() < end
        time.sleep(0.05)

file = Path(sys.argv[1])
options = ["--scheduler-file", str(file), "--no-dashboard"]
if int(os.environ["SLURM_PROCID"]):
    wait_for_address()
    options += ["--nthreads", "1", "--no-nanny", "--death-timeout", "300"]
    program = ["-m", "distributed.cli.dask_worker", *options]
    sys.exit(subprocess.run([sys.executable, *program], stderr=subprocess.DEVNULL).returncode)

program = ["-m", "distributed.cli.dask_scheduler", "--port", "0", *options]
scheduler = subprocess.Popen([sys.executable, *program], stderr=subprocess.DEVNULL)
from dask.distributed import Client

wait_for_address()
with Client(scheduler_file=str(file)) as client:
    client.wait_for_workers(2, timeout=300)
    print("on", *sorted(set(client.run(lambda: os.uname().nodename).values())), flush=True)
    # Of the tasks this one alone runs the workload: for it there is no launcher.
    env = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    words = ["-m", "workloads", "pi", "--impl", "dask", "-n", "10007"]
    done = subprocess.run([sys.executable, *words], env={**env, "DASK_SCHEDULER_FILE": str(file)})
    client.shutdown()
scheduler.wait(300)
sys.exit(done.returncode)
"""

# A rank waits for what the other one sends after a while.
TRACED = """
import time
from mpi4py import MPI

def sends():
    time.sleep(0.5)
    MPI.COMM_WORLD.send(0, 1)

def gets():
    MPI.COMM_WORLD.recv()

gets() if MPI.COMM_WORLD.rank else sends()
"""


def succeeded(done: Done) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def workers(said: str, technique: str) -> int:
    """Return how many ranks the report's only line of a technique names."""
    (row,) = re.findall(rf"^{technique} +[\d.,]+ \w+ +[\d.,]+ \w+ +(\d+) ", said, re.MULTILINE)
    return int(row)


@pytest.mark.parametrize("tasks", sampled([2, 1, 4]))
def test_mandel_and_pi_on_two_nodes_have_the_reference_answers(
    cluster: Cluster, tasks: int
) -> None:
    # The two kinds of launcher by turns: each meets each number of ranks once.
    options = ("-N2", f"--ntasks-per-node={tasks}")
    for kind, words, answer in (
        ("pmi2", MANDEL, REFERENCE),
        ("pmix", PI, "15,705,172 hits, π ≈ 3.1410344: matches the stored count"),
    ):
        said = succeeded(cluster.srun(f"--mpi={kind}", *options, *image(), *words))
        assert said.count(answer) == 1
        assert workers(said, words[-1]) == 2 * tasks


@pytest.mark.parametrize(("first", "kind"), sampled([(3, "pmi2"), (7, "pmix")]))
def test_uneven_numbers_of_ranks_on_the_nodes(cluster: Cluster, first: int, kind: str) -> None:
    options = ("-N2", f"-n{first + 1}", f"--distribution=plane={first}")
    program = (
        "import os, collections\n"
        "from mpi4py import MPI\n"
        "names = MPI.COMM_WORLD.allgather(os.uname().nodename)\n"
        "if MPI.COMM_WORLD.rank == 0: print(dict(collections.Counter(names)))\n"
    )
    inside = ("python3", "-c", program)
    said = succeeded(cluster.srun(f"--mpi={kind}", *options, *image(), *inside))
    assert said == f"{{'n1': {first}, 'n2': 1}}\n"
    said = succeeded(cluster.srun(f"--mpi={kind}", *options, *image(), *MANDEL))
    assert said.count(REFERENCE) == 1
    assert workers(said, "mpi-dynamic") == first + 1


def test_pi_on_dask_across_both_nodes(cluster: Cluster) -> None:
    program = cluster.shared / "dask_on_nodes.py"
    program.write_text(DASK)
    file = cluster.shared / "scheduler.json"
    file.unlink(missing_ok=True)
    # Tasks 0 and 1 on the first node, 2 on the second.
    said = succeeded(cluster.srun("-N2", "-n3", *image(), "python3", program, file))
    assert said.startswith("on n1 n2\n")
    assert workers(said, "dask") == 2
    assert "counted again" in said


def test_a_trace_has_the_rows_of_both_nodes_on_one_clock(cluster: Cluster) -> None:
    program, file = cluster.shared / "traced.py", cluster.shared / "traced.json"
    program.write_text(TRACED)
    words = ("python3", "-m", "workloads.traced", file, program)
    assert succeeded(cluster.srun("--mpi=pmi2", "-N2", "-n2", *image(), *words)) == ""
    events = json.loads(file.read_text())["traceEvents"]
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert names == ["rank 0 on n1", "rank 1 on n2"]
    (sent,) = [event for event in events if event["name"].startswith("sends ")]
    (got,) = [event for event in events if event["name"].startswith("gets ")]
    assert (sent["pid"], got["pid"]) == (0, 1)
    # In order, though the nodes' clocks are compared by messages.
    assert got["ts"] + got["dur"] > sent["ts"] + sent["dur"] / 2


def test_without_a_launchers_help_no_rank_computes_alone(cluster: Cluster) -> None:
    done = cluster.srun("--mpi=none", "-N2", "-n2", *image(), *MANDEL)
    assert done.returncode == 69
    assert "sha256" not in done.stdout
    assert "the launcher started 2 processes but MPI sees one rank in each" in done.stderr
    assert "srun --mpi=pmi2" in done.stderr


@pytest.fixture
def poisoned(cluster: Cluster) -> Path:
    """Give a home whose ~/.local has a numpy, and the same on its own."""
    for folder in ("evil", "home/.local/lib/python3.14/site-packages"):
        package = cluster.shared / folder / "numpy"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(POISON)
    return cluster.shared


def test_hostile_surroundings(cluster: Cluster, poisoned: Path) -> None:
    variables = (
        *("env", f"HOME={poisoned / 'home'}", f"PYTHONPATH={poisoned / 'evil'}"),
        *("LANG=tr_TR.UTF-8", "TMPDIR=/nonexistent/tmp"),
    )
    said = succeeded(cluster.srun("--mpi=pmi2", "-N2", "-n2", *image(), *variables, *MANDEL))
    assert said.count(REFERENCE) == 1


@only_root
def test_a_user_without_a_name_or_a_home_in_the_c_locale(cluster: Cluster) -> None:
    *inside, sif = image()
    user = ("--security=uid:12345", "--security=gid:12345", "--no-home", "--pwd=/", sif)
    variables = ("env", "HOME=/nonexistent", "LC_ALL=C", "XDG_CACHE_HOME=/proc")
    done = cluster.srun("--mpi=pmi2", "-N2", "-n2", *inside, *user, *variables, *MANDEL)
    assert done.returncode == 0
    assert done.stdout.count(REFERENCE) == 1
    # Apptainer has its say of him; we have none.
    assert {*done.stderr.splitlines()} <= {"WARNING: user: unknown userid 12345"}
