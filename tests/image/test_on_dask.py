"""``python -m workloads.on_dask``: a Dask cluster of MPI ranks, and one program on it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from needed import needs

from running import in_own_process, on_ranks, surroundings
from tiers import sampled

pytestmark = needs("distributed")
ON_DASK = ("-m", "workloads.on_dask")


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
    done = on_ranks(3, *ON_DASK, *words, "-n", "11", "--count", "7")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("linalg tasks: 7 of 11 × 11") == 1
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(("dask", "mpi"))]
    assert [(row[0], row[5]) for row in rows] == [("dask", "3"), ("mpi", "1")]


def test_the_look_at_the_job_comes_first(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # numba rows of other tests set it for this process; the look warns of it.
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    done = on_ranks(2, "-m", "workloads.preflight", *ON_DASK, script)
    assert (done.returncode, done.stdout, done.stderr) == (7, "2 285\n", "")


def test_without_a_launcher_there_is_one_worker(script: Path) -> None:
    done = in_own_process(sys.executable, *ON_DASK, script)
    assert (done.returncode, done.stdout, done.stderr) == (7, "1 285\n", "")


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


def test_a_first_rank_without_a_folder_leaves_no_rank_waiting(script: Path) -> None:
    code = (
        "import resource, sys\n"
        "from mpi4py import MPI\n"
        # tempfile tries a folder by writing a file.
        "if MPI.COMM_WORLD.rank == 0:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
        "from workloads.on_dask.service import DaskCluster\n"
        "from workloads.on_ranks import command\n"
        "sys.exit(command.main(sys.argv[1:], DaskCluster()))\n"
    )
    done = on_ranks(2, "-c", code, script)
    assert done.returncode == 69
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("on_dask:")]
    assert "Dask's scheduler does not start: [Errno 2] No usable temporary directory" in line


@pytest.mark.long
def test_workers_look_for_no_disks_of_their_node_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "asks.py"
    script.write_text(
        "import dask\n"
        "from dask.distributed import Client\n"
        "name = 'distributed.admin.system-monitor.disk'\n"
        "with Client() as client:\n"
        "    print(*client.run(dask.config.get, name).values())\n"
    )
    assert in_own_process(sys.executable, *ON_DASK, script).stdout == "False\n"
    monkeypatch.setenv("DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__DISK", "True")
    assert in_own_process(sys.executable, *ON_DASK, script).stdout == "True\n"


@pytest.mark.long
@pytest.mark.fault("a worker or the scheduler of Dask ends", "the job ends, in one line")
def test_a_scheduler_that_ends_ends_the_program(tmp_path: Path) -> None:
    script = tmp_path / "kills.py"
    script.write_text(
        "import os, signal, time\n"
        "from dask.distributed import Client\n"
        "client = Client()\n"
        "process = client.run_on_scheduler(os.getpid)\n"
        "os.kill(process, signal.SIGKILL)\n"
        "time.sleep(600)\n"
    )
    done = on_ranks(2, *ON_DASK, script)
    assert done.returncode != 0
    assert "on_dask: Dask's scheduler has ended with -9" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_reaches_the_program(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "waits.py"
    script.write_text(
        "import pathlib, signal, sys, time\n"
        "from dask.distributed import Client\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "client = Client()\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        # A signal that comes just before a sleep begins is handled after it.
        "    while True: time.sleep(0.01)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(8)\n"
        "finally:\n"
        "    pathlib.Path(sys.argv[1]).touch()\n"
    )
    # Without a launcher, whose own code after a Ctrl-C is another matter.
    with subprocess.Popen(
        [sys.executable, *ON_DASK, script, tmp_path / "tidied"],
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (8 if number == signal.SIGINT else 9, "")
    assert (tmp_path / "tidied").exists()
