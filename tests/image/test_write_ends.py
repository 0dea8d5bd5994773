"""Writing that cannot be done: a full disk, a process that is killed, a stop.

What is incomplete is said in a line, and nothing is left that looks complete.
"""

import multiprocessing
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from writing import ALONE, LOCAL, PROCESSES, RANKS, write

from running import in_own_process, launcher, on_ranks, start, surroundings, wait_until
from tiers import sampled

LIMITED = """
import resource, sys
limit, names, rank, *rest = sys.argv[1:]
from workloads.__main__ import main
if rank != "alone":
    from mpi4py import MPI
if rank in ("alone", "all") or MPI.COMM_WORLD.rank == int(rank):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
codes = [main(["write", "--impl", name, *rest]) for name in names.split(",")]
if rank == "alone":
    print(codes)
else:
    sys.exit(codes[0])
"""


# np.save and HDF5 kept what fits into their buffers, and told nobody that it was
# lost. 900 bytes are too few for multiprocessing itself, and all of np.save's numbers but three.
@pytest.mark.parametrize(("limit", "s", "names"), [(900, 10, ALONE), (20_000, 60, LOCAL)])
@pytest.mark.parametrize("look", sampled(["--no-verify", "--repeat=1"]))
def test_a_full_disk_is_73_and_leaves_nothing(
    limit: int, s: int, names: Any, look: str, tmp_path: Path
) -> None:
    options = ["-n", 9, "-s", s, "--workers", 2, look, "--out", tmp_path / "o"]
    words = [sys.executable, "-c", LIMITED, limit, ",".join(names), "alone", *options]
    done = in_own_process(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"\n{[73] * len(names)}\n")
    lines = done.stderr.count("\n")
    assert lines == done.stderr.count("File too large") == len(names), done.stderr
    assert not [*tmp_path.iterdir()]


# HDF5's other ranks are in a collective call.
@pytest.mark.parametrize("name", RANKS)
@pytest.mark.parametrize("rank", sampled([1, "all"]))
def test_a_full_disk_under_ranks_ends_all_of_them(
    name: str, rank: int | str, tmp_path: Path
) -> None:
    options = ["-n", 9, "-s", 60, "--out", tmp_path / "o"]
    if name == "mpi-view" and rank != "all":
        rank = 0  # which writes for all: the others' errors of MPI-IO have no reason
    done = on_ranks(3, "-c", LIMITED, 20_000, name, rank, *options)
    assert done.returncode == 73
    said, *rest = done.stderr.splitlines()
    assert said.startswith("write: ")
    assert said.endswith("File too large; see ulimit -f")
    assert all(line.startswith("Abort(73) on node") for line in rest), rest
    assert not [*tmp_path.iterdir()]


@pytest.mark.long
@pytest.mark.parametrize("name", RANKS)
def test_a_killed_rank_leaves_nothing_that_looks_complete(name: str, tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        from workloads.__main__ import main
        from workloads.write import numpy_
        values = numpy_.values
        def killed(x, y, shift):
            if shift == 5 / 6:
                os.kill(os.getpid(), signal.SIGKILL)
            return values(x, y, shift)
        numpy_.values = killed
        sys.exit(main(["write", *sys.argv[1:]]))
    """.replace("\n        ", "\n")
    out = tmp_path / "o"
    done = on_ranks(2, "-c", code, "--impl", name, "-n", 6, "-s", 300, "--out", out)
    assert done.returncode != 0
    # Nobody is left to remove the folder: its name tells.
    assert all(path.name.startswith(f".write-{name}-") for path in tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_worker_is_said_and_nothing_is_left(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"

    def kill() -> None:
        wait_until(lambda: [*tmp_path.glob(".write-*/0/*")])
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert write("--impl", name, "-n", 20_000, "-s", 100, "--workers", 2, "--out", out) == 1
    killer.join()
    assert "ended unasked" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "name", sampled(["mpi-chunks", "text", "hdf5-single", "multiprocessing", "queue"])
)
def test_ctrl_c_is_one_line_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    out = tmp_path / "o"
    command = [*(launcher(2) if name in RANKS else []), sys.executable, "-m", "workloads"]
    command += ["write", "--impl", name, "-n", "20000", "-s", "100", "--out", str(out)]
    # Of ranks that end at once mpiexec lost the status in three of ten jobs.
    for _ in range(8 if name in RANKS else 1):
        with start(*command, env=surroundings(), start_new_session=True) as job:
            wait_until(lambda: [*tmp_path.glob(".write-*/0/*")], job)
            os.killpg(job.pid, signal.SIGINT)
            said = job.communicate(timeout=300)[1]
        assert job.returncode == 130
        assert said.count("workloads: write: stopped\n") == 1
        assert not [*tmp_path.iterdir()]
