"""``make launch`` and ``make batch`` over two nodes of the local Slurm, and of a user's program."""

import dataclasses
import re
from pathlib import Path

import pytest
from launching import (
    AREA2,
    RANKS,
    SECONDS,
    hpcpy,
    nothing_is_left,
    said,
    start,
    typed,
    waiting_program,
)
from local_cluster import Cluster, image
from standalone_host import built, staged

from hpcpy.cluster.layout import NODES
from hpcpy.core import paths
from running import executable, wait_until
from tiers import sampled
from workloads.heat.registry import CHECKPOINTS, TECHNIQUES


@pytest.mark.parametrize("each", sampled([2, 1, 4]))
# Other launches take what Slurm and the image both have: pmix.
@pytest.mark.parametrize("kind", sampled(["pmi2", "pmix"]))
def test_mandel_on_two_nodes_gives_the_reference(
    cluster: Cluster, sif: str, each: int, kind: str
) -> None:
    done = hpcpy(
        *(cluster, "launch", "W=mandel --impl mpi-cyclic --area area2", "NODES=2"),
        *(f"TASKS={2 * each}", f"MPI={kind}", f"IMAGE={sif}"),
    )
    assert (done.returncode, said(done)) == (0, [])
    assert f"sha256 {AREA2}" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("mpi-cyclic "))
    assert re.search(rf"s +{2 * each} +[0-9,.]+ ", row), row


@pytest.mark.parametrize(
    ("tasks", "hits"),
    sampled([(7, "hits"), (4, "15,703,353"), (2, "15,704,402"), (8, "hits")]),
)
def test_pi_counts_the_same_evenly_spread_or_not(
    cluster: Cluster, sif: str, tasks: int, hits: str
) -> None:
    done = hpcpy(cluster, "launch", "W=pi --impl mpi", "NODES=2", f"TASKS={tasks}", f"IMAGE={sif}")
    assert (done.returncode, said(done)) == (0, [])
    assert f"seeded, {tasks} at work: " in done.stdout
    assert hits in done.stdout
    assert "matches" in done.stdout


# What two nodes share of a compressed dataset made HDF5 wait for ever.
PLATES = [(4, CHECKPOINTS[:1]), *((tasks, ("", *CHECKPOINTS)) for tasks in (4, 2, 8, 7))]


@pytest.mark.parametrize(("tasks", "impls"), sampled(PLATES))
def test_heat_is_the_same_over_two_nodes(
    cluster: Cluster, sif: str, tasks: int, impls: tuple[str, ...]
) -> None:
    files = {name: cluster.shared / f"plate-{tasks}-{len(impls)}-{name}" for name in CHECKPOINTS}
    of_ranks = {name for name, one in TECHNIQUES.items() if one.parallel == "ranks"}
    ranks = ",".join(sorted(of_ranks - files.keys()))
    digests = set[str]()
    for name in impls:
        impl = f"{name} --checkpoint {files[name]}" if name else ranks
        words = f"W=heat --impl {impl} -n 77 --steps 30 --repeat 1"
        done = hpcpy(cluster, "launch", words, "NODES=2", f"TASKS={tasks}", f"IMAGE={sif}")
        assert (done.returncode, said(done)) == (0, [])
        digests |= set(re.findall(r"sha256 (\w+): matches the known solution", done.stdout))
    assert len(digests) == 1
    assert all(files[name].is_file() for name in impls if name)


# Each had every rank be rank 0 of 1, with exit code 0 and no word.
CLEAN = {
    "APPTAINER_CLEANENV": ("", {"APPTAINER_CLEANENV": "1"}),
    "SINGULARITY_CLEANENV": ("", {"SINGULARITY_CLEANENV": "1"}),
    "--cleanenv": ("[options]\napptainer = ['--cleanenv']", {}),
}


@pytest.mark.parametrize("how", sampled(CLEAN))
@pytest.mark.parametrize(
    "way", ["launch", *sampled(["one a node", "pmix", "dask", "batch"], keep=0)]
)
def test_ranks_without_the_hosts_variables_know_their_job(
    cluster: Cluster, sif: str, how: str, way: str
) -> None:
    text, env = CLEAN[how]
    site = cluster.shared / "clean.toml"
    site.write_text(f"summary = 's'\nmpi = '{'pmix' if way == 'pmix' else 'pmi2'}'\n{text}\n")
    (cluster.shared / "ranks.py").write_text(RANKS)
    (cluster.shared / "workers.py").write_text(WORKERS)
    tasks = 2 if way == "one a node" else 4
    words = ("NODES=2", f"TASKS={tasks}", f"SITE={site}", f"IMAGE={sif}")
    own, shown = ["PROGRAM=ranks.py x 0"], f"{tasks}|2|x|0\n"
    if way == "dask":
        own, shown = ["PROGRAM=workers.py", "DASK=1"], "4\n"
    if way == "batch":
        made = hpcpy(cluster, "batch", *words, *own, "SCRIPT=clean.sh", env=env)
        assert made.returncode == 0, made.stderr
        out = cluster.shared / "clean.out"
        ran = cluster.run(
            "sbatch", "--wait", f"--output={out}", "--error=/dev/null", "clean.sh", env=env
        )
        assert (ran.returncode, out.read_text()) == (0, shown)
        return
    done = hpcpy(cluster, "launch", *words, *own, env=env)
    # Apptainer says that it prefers the new name.
    lines = [line for line in said(done) if not line.startswith("INFO:    ")]
    assert (done.returncode, done.stdout, lines) == (0, shown, [])


# The first rank of a node ends at once; the others work on where MPI has ended.
WORKS_ON = """
import time
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank = comm.rank
comm.Barrier()
MPI.Finalize()
if rank % 2:
    time.sleep(1)
    print("done", flush=True)
"""


@pytest.mark.parametrize("name", sampled(["CONTAINALL", "UNSHARE_PID", "CONTAIN"]))
def test_a_rank_that_ends_ends_no_other(cluster: Cluster, sif: str, name: str) -> None:
    (cluster.shared / "works_on.py").write_text(WORKS_ON)
    words = ("NODES=2", "TASKS=4", "PROGRAM=works_on.py", f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words, env={f"APPTAINER_{name}": "1"})
    assert (done.returncode, done.stdout, said(done)) == (0, "done\n" * 2, [])


def test_within_a_job_its_nodes_are_taken(cluster: Cluster, sif: str) -> None:
    done = cluster.run(
        *("salloc", "--quiet", "--nodes=2", "--ntasks=4"),
        *typed("launch", "W=pi --impl mpi", f"IMAGE={sif}", "NODES=2", "TASKS=4"),
        env={"PYTHONPATH": str(paths.ROOT / "src")},
        timeout=SECONDS,
    )
    assert (done.returncode, said(done)) == (0, [])
    assert "15,703,353 hits" in done.stdout


@pytest.mark.parametrize("kind", ["sif", pytest.param("standalone", marks=pytest.mark.long)])
def test_a_staged_image_is_used_and_gone_afterwards(
    cluster: Cluster, request: pytest.FixtureRequest, kind: str
) -> None:
    words = ("W=pi --impl mpi", "NODES=2", "TASKS=4", *staged(kind, request))
    done = hpcpy(cluster, "launch", *words)
    assert done.returncode == 0
    assert [line for line in said(done) if not line.startswith("salloc: ")] == []
    assert "15,703,353 hits" in done.stdout
    # Of this job alone: other tests have folders there, too.
    (job,) = re.findall(r"Granted job allocation (\d+)", done.stderr)
    roots = [Path(f"/proc/{cluster.daemon('slurmd', name)}/root/tmp") for name in NODES]
    wait_until(lambda: not any([*root.glob(f"hpcpy-{job}-*")] for root in roots))


def test_a_job_that_is_cancelled_while_its_image_is_copied_says_so(
    cluster: Cluster, sif: str
) -> None:
    program = waiting_program(cluster, "cancelled.py")
    process = start(cluster, program, "NODES=2", "TASKS=2", f"IMAGE={sif}", "STAGE=1")
    roots = [Path(f"/proc/{cluster.daemon('slurmd', name)}/root/tmp") for name in NODES]
    wait_until(lambda: any([*root.glob("hpcpy-*-*/hpcpy.sif")] for root in roots), process)
    cluster.run("scancel", "--name=hpcpy-cancelled")
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None), err
    assert err.splitlines()[-1] == "hpcpy launch: the job was cancelled", err
    nothing_is_left(cluster, "cancelled.py")


def test_an_engine_that_no_node_has_is_named(cluster: Cluster) -> None:
    done = hpcpy(cluster, "launch", "W=pi", "ENGINE=shifter", "IMAGE=me/hpcpy:1")
    assert done.stderr.splitlines()[-1] == "hpcpy launch: a node has no program shifter"


def test_a_rank_gets_its_processors_and_no_host_python(cluster: Cluster) -> None:
    program = executable(
        cluster.shared / "tell",
        "#!/bin/sh\n"
        "cat >/dev/null\n"
        'echo "$SLURM_CPUS_PER_TASK" "${PYTHONPATH-unset}" "${PYTHONHOME-unset}"'
        ' "$PYTHONNOUSERSITE" "$SLURM_STEP_TASKS_PER_NODE"\n',
    )
    done = hpcpy(
        *(cluster, "launch", "W=pi", "ENGINE=none", f"IMAGE={program}", "NODES=2"),
        *("TASKS=4", "CPUS=3"),
    )
    assert (done.returncode, said(done)) == (0, [])
    assert done.stdout.splitlines() == ["3 unset unset 1 2(x2)"] * 4


WORKERS = """
from dask.distributed import Client
if __name__ == "__main__":
    with Client() as client:
        print(len(client.scheduler_info(n_workers=-1)["workers"]))
"""
# MPI makes progress only while a rank is in it: the first never is, once this program runs.
ALONE = """
import sys, time
from pathlib import Path
from mpi4py import MPI

begun = [Path(f"begun-{rank}") for rank in range(MPI.COMM_WORLD.size)]
begun[MPI.COMM_WORLD.rank].touch()
end = time.monotonic() + 300
while MPI.COMM_WORLD.rank == 0 and not all(path.exists() for path in begun):
    if time.monotonic() > end:
        sys.exit("the others have not begun")
    time.sleep(0.1)
"""
# A module that comes to its error on the first rank when it has on the others.
LATE = """
import os, runpy, sys, time

if os.environ["SLURM_PROCID"] == "0":
    time.sleep(1)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
SIZE = ("NODES=2", "TASKS=4")


@pytest.fixture(autouse=True)
def programs(cluster: Cluster) -> None:
    (cluster.shared / "my-mpi.py").write_text(RANKS)
    (cluster.shared / "alone.py").write_text(ALONE)
    (cluster.shared / "late.py").write_text(LATE)


@pytest.mark.parametrize("named", sampled(["my-mpi.py", "-m my-mpi"]))
def test_ranks_of_both_nodes_run_it(cluster: Cluster, sif: str, named: str) -> None:
    done = hpcpy(cluster, "launch", f"PROGRAM={named} 'two words' 0", *SIZE, f"IMAGE={sif}")
    assert (done.returncode, done.stdout) == (0, "4|2|two words|0\n"), done.stderr


@pytest.mark.parametrize("more", sampled([(), (("STAGE=1",),)]))
def test_neither_a_strict_shell_nor_an_odd_folder_stops_it(
    cluster: Cluster, sif: str, more: tuple[str, ...]
) -> None:
    folder = cluster.shared / 'at 12:30, "x"'
    folder.mkdir(exist_ok=True)
    (folder / "my-mpi.py").write_text(RANKS)
    (folder / "strict").write_text("set -euf -o pipefail\n")
    strict = {"SHELLOPTS": "errexit:nounset:noglob", "BASH_ENV": str(folder / "strict")}
    there = dataclasses.replace(cluster, shared=folder)
    words = ("PROGRAM=my-mpi.py x 0", *SIZE, f"IMAGE={sif}", *more)
    done = hpcpy(there, "launch", *words, env=strict)
    assert (done.returncode, done.stdout) == (0, "4|2|x|0\n"), done.stderr


def test_every_rank_begins_while_the_first_computes(cluster: Cluster, sif: str) -> None:
    done = hpcpy(cluster, "launch", "PROGRAM=alone.py", *SIZE, f"IMAGE={sif}")
    assert (done.returncode, said(done)) == (0, []), done.stderr


# The check starts MPI before the program.
@pytest.mark.parametrize("check", sampled(["on", "off"]))
def test_an_error_of_all_ranks_is_said_though_the_first_comes_to_it_last(
    cluster: Cluster, sif: str, check: str
) -> None:
    words = ("PROGRAM=late.py workloads pi --impl spark", *SIZE, f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words, env={"HPCPY_PREFLIGHT": check})
    assert done.returncode != 0, done.stderr
    error = "workloads: pi: spark cannot run here: Spark is not in this image"
    lines = [line for line in done.stderr.splitlines() if line.startswith(error)]
    assert len(lines) == 1, done.stderr


def test_the_images_script_starts_the_ranks_on_both_nodes(cluster: Cluster) -> None:
    program, *inside = image()
    folder = cluster.shared
    # By its name, as a site has it on PATH.
    found = {"PATH": f"{Path(program).parent}:{cluster.environment()['PATH']}"}
    words = ("--nodes=2", "--tasks=4", "--time=5", "--", "my-mpi.py", "two words", "0")
    made = cluster.run(program, *inside, "hpcpy", "batch", *words, env=found)
    assert (made.returncode, made.stderr) == (0, "")
    assert inside[-1] in made.stdout
    (folder / "job.sh").write_text(made.stdout)
    out, err = folder / "job.out", folder / "job.err"
    options = ("--wait", f"--output={out}", f"--error={err}")
    ran = cluster.run("sbatch", *options, "job.sh", timeout=SECONDS, env=found)
    assert (ran.returncode, out.read_text(), err.read_text()) == (0, "4|2|two words|0\n", "")


def test_the_one_file_starts_a_sif_by_the_hosts_engine(cluster: Cluster) -> None:
    program, *_, sif = image()
    found = {"PATH": f"{Path(program).parent}:{cluster.environment()['PATH']}"}
    words = ("--engine=apptainer", f"--image={sif}", "--nodes=2", "--tasks=4", "--time=5", "--")
    command = (built(), "-m", "hpcpy", "launch", *words, "my-mpi.py", "two words", "0")
    done = cluster.run(*command, timeout=SECONDS, env=found)
    assert (done.returncode, done.stdout, said(done)) == (0, "4|2|two words|0\n", [])
    assert ", engine apptainer" in done.stderr


def test_the_one_file_starts_itself_on_both_nodes(cluster: Cluster) -> None:
    words = ("-m", "hpcpy", "launch", "--nodes=2", "--tasks=4", "--time=5", "--")
    done = cluster.run(built(), *words, "my-mpi.py", "two words", "0", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "4|2|two words|0\n"), done.stderr
    done = cluster.run(built(), *words, "my-mpi.py", "x", "7", timeout=SECONDS)
    assert done.returncode != 0, done.stderr
    last = done.stderr.splitlines()[-1]
    assert re.match(r"hpcpy launch: rank 3( on n2)?: .*\bexit code 7\b", last), done.stderr
