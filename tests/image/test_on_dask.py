"""``python -m hpcpy_job on_dask``: a Dask cluster of MPI ranks, and one program on it."""

import sys
from pathlib import Path

import pytest
from needed import needs

from running import in_own_process, on_ranks, printed
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
    assert [(row[0], row[5]) for row in rows] == [("dask", "3"), ("mpi", "1")]


def test_a_task_on_any_rank_has_an_mpi_of_its_own(tmp_path: Path) -> None:
    program = tmp_path / "mine.py"
    program.write_text(
        "from dask.distributed import Client\n"
        "def size():\n"
        "    from mpi4py import MPI\n"
        "    return MPI.COMM_WORLD.size\n"
        "with Client() as client:\n"
        "    print(*client.run(size).values())\n"
    )
    assert printed(on_ranks(2, *ON_DASK, program)) == "1 1\n"


def test_a_task_that_nobody_waits_for_ends_with_the_program(tmp_path: Path) -> None:
    program = tmp_path / "mine.py"
    program.write_text(
        "import pathlib, sys, time\n"
        "from dask.distributed import Client\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def work(number):\n"
        "    (folder / f'begun-{number}').touch()\n"
        "    time.sleep(3600)\n"
        "    (folder / f'ended-{number}').touch()\n"
        "with Client() as client:\n"
        "    endless = client.map(work, range(2))\n"
        "    while len(list(folder.glob('begun-*'))) < 2:\n"
        "        time.sleep(0.1)\n"
    )
    assert printed(on_ranks(2, *ON_DASK, program, tmp_path)) == ""
    assert not list(tmp_path.glob("ended-*"))


def test_a_program_may_end_the_cluster_itself(tmp_path: Path) -> None:
    program = tmp_path / "mine.py"
    program.write_text(
        "from dask.distributed import Client\nClient().shutdown()\nprint('computes on')\n"
    )
    assert printed(on_ranks(2, *ON_DASK, program)) == "computes on\n"


def test_a_task_that_keeps_pythons_lock_does_not_stop_the_scheduler(tmp_path: Path) -> None:
    # As numba's machine code does, unless it is told to release it.
    program = tmp_path / "mine.py"
    program.write_text(
        "import ctypes, pathlib, sys\n"
        "from dask.distributed import Client\n"
        "begun = pathlib.Path(sys.argv[1])\n"
        "def hold():\n"
        "    begun.touch()\n"
        "    ctypes.PyDLL(None).sleep(3600)\n"
        "with Client() as client:\n"
        "    endless = client.submit(hold)\n"
        "    while not begun.exists():\n"
        "        pass\n"
        "    print(client.run_on_scheduler(int))\n"
    )
    assert printed(on_ranks(1, *ON_DASK, program, tmp_path / "begun")) == "0\n"


def test_the_look_at_the_job_comes_first(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # numba rows of other tests set it for this process; the look warns of it.
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    done = on_ranks(2, "-m", "hpcpy_job", "preflight", *ON_DASK, script)
    assert (done.returncode, done.stdout, done.stderr) == (7, "2 285\n", "")


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
