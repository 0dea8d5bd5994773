"""Dask's technique: a cluster of MPI ranks by ``on_dask``, and one that is there already."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from needed import needs

from running import Done, in_own_process, on_ranks, printed, run, start, wait_until
from tiers import sampled

pytestmark = needs("distributed")
ON_DASK = ("-m", "hpcpy_job", "on_dask")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(
        "import os, sys\n"
        "from dask.distributed import Client\n"
        "with Client() as client:\n"
        "    done = client.gather(client.map(lambda x: x * x, range(10)))\n"
        "    processes = set(client.run(os.getpid).values())\n"
        "    print(len(processes), sum(done), *sys.argv[1:])\n"
        "sys.exit(7)\n"
    )
    return path


@pytest.mark.parametrize("size", sampled([3, 1, 2, 5]))
def test_every_rank_is_a_worker_and_the_program_runs_once(script: Path, size: int) -> None:
    done = on_ranks(size, *ON_DASK, script, "a", "-b")
    assert (done.returncode, done.stdout, done.stderr) == (7, f"{size} 285 a -b\n", "")


def test_a_workload_has_all_workers_and_no_rank_of_its_own() -> None:
    words = ("-m", "workloads", "linalg", "--task", "tasks", "--impl", "dask,mpi")
    shown = printed(on_ranks(3, *ON_DASK, *words, "-n", "11", "--count", "7"))
    assert shown.count("linalg tasks: 7 of 11 × 11") == 1
    rows = [line.split() for line in shown.splitlines() if line.startswith(("dask", "mpi"))]
    assert [(row[0], row[3]) for row in rows] == [("dask", "3"), ("mpi", "1")]


# What a program does beside its workers, which know the folder that it is given; how many there
# are, and what it prints. Numba's machine code keeps Python's lock, unless it is told otherwise.
PROGRAMS = {
    "a task on any rank has an MPI of its own": ("""
def size():
    from mpi4py import MPI
    return MPI.COMM_WORLD.size
with Client() as client:
    print(*client.run(size).values())
""", 2, "1 1\n"),
    "a task that nobody waits for ends with the program": ("""
def work(number):
    (folder / f"begun-{number}").touch()
    time.sleep(3600)
with Client() as client:
    endless = client.map(work, range(2))
    while len(list(folder.glob("begun-*"))) < 2:
        time.sleep(0.1)
""", 2, ""),
    "a task that keeps Python's lock does not stop the scheduler": ("""
def hold():
    (folder / "begun").touch()
    ctypes.PyDLL(None).sleep(3600)
with Client() as client:
    endless = client.submit(hold)
    while not (folder / "begun").exists():
        pass
    print(client.run_on_scheduler(int))
""", 1, "0\n"),
}  # fmt: skip
BEGIN = """
import ctypes, pathlib, sys, time
from dask.distributed import Client
folder = pathlib.Path(sys.argv[1])
"""


@pytest.mark.parametrize(("text", "size", "prints"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_beside_its_workers(text: str, size: int, prints: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BEGIN + text)
    assert printed(on_ranks(size, *ON_DASK, tmp_path / "mine.py", tmp_path)) == prints


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no program is named"),
        (("none.py",), "none.py: there is no such script"),
        (("-m", "none"), "there is no module 'none' to run"),
    ],
)
def test_what_cannot_be_run_is_said_once(words: tuple[str, ...], says: str) -> None:
    done = on_ranks(2, *ON_DASK, *words)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("on_dask:")]
    assert says in line


def test_a_worker_that_cannot_start_is_told_at_once(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = script.with_name("ends.py")
    ends.write_text("import os\nos._exit(3)\n")
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", str(ends))
    done = in_own_process(sys.executable, *ON_DASK, script)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == "on_dask: Dask's worker of the first rank has ended with 3\n"


@contextlib.contextmanager
def program(name: str, *words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    silent = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    process = start(sys.executable, "-m", f"distributed.cli.{name}", *words, cwd=cwd, **silent)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(300)


def address(file: Path) -> str:
    """Return the address in a scheduler's file; empty while there is none."""
    try:
        return str(json.loads(file.read_bytes())["address"])
    except (OSError, ValueError):  # not there yet, or not all of it
        return ""


def workload(name: str, value: str, *words: str) -> Done:
    """Run a workload as a user of the cluster that a variable names."""
    return run(sys.executable, "-m", "workloads", *words, env={**os.environ, name: value})


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Give the file and the scheduler of two workers that know nothing of the workloads."""
    file = folder / "scheduler.json"
    scheduler = program(
        *("dask_scheduler", "--scheduler-file", file, "--host", "127.0.0.1"),
        *("--port", "0", "--no-dashboard"),
        cwd=folder,
    )
    with scheduler as process:
        wait_until(lambda: address(file), process)  # Dask writes the file it has made
        worker = program(
            *("dask_worker", "--scheduler-file", file, "--host", "127.0.0.1"),
            *("--nworkers", "2", "--nthreads", "1", "--no-dashboard"),
            cwd=folder,
        )
        with worker:
            code = (
                "import sys; from dask.distributed import Client; "
                "Client(scheduler_file=sys.argv[1]).wait_for_workers(2, timeout=300)"
            )
            subprocess.run([sys.executable, "-c", code, file], check=True, timeout=120)
            yield file, process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with serving(tmp_path_factory.mktemp("cluster")) as (file, _):
        yield file


@pytest.mark.parametrize("name", ["DASK_SCHEDULER_FILE", "DASK_SCHEDULER_ADDRESS"])
def test_mandelbrot_is_computed_there(cluster: Path, name: str) -> None:
    value = address(cluster) if name == "DASK_SCHEDULER_ADDRESS" else str(cluster)
    words = ("mandel", "--area", "area1", "--impl", "dask", "--workers", "5")
    shown = printed(workload(name, value, *words))
    assert "matches the reference" in shown
    # The cluster's workers, not those that were asked for.
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("dask")]
    assert " 2 " in " ".join(row)


def test_a_cluster_that_is_not_there_is_69_and_one_line(tmp_path: Path) -> None:
    words = ("mandel", "--area", "area1", "--impl", "dask")
    done = workload("DASK_SCHEDULER_FILE", str(tmp_path / "none.json"), *words)
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert "DASK_SCHEDULER_FILE" in done.stderr
