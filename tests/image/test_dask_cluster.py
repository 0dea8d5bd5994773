"""Dask's technique on a cluster that is there already: DASK_SCHEDULER_FILE's."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from needed import needs

from running import TELLS_WHEN, wait_until
from workloads.on_dask import service

pytestmark = needs("distributed")


@contextlib.contextmanager
def program(*words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + str(words[0]), *map(str, words[1:])],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(300)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 300
    while not service.address(path):  # Dask writes the file it has made
        assert process.poll() is None, "the scheduler has ended"
        assert time.monotonic() < end
        time.sleep(0.05)


def workload(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return python(file, "-m", "workloads", *words)


def python(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python as a user of the cluster that a scheduler's file names."""
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "DASK_SCHEDULER_FILE": str(file)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """Give the file and the scheduler of two workers that know nothing of the workloads."""
    file = folder / "scheduler.json"
    scheduler = program(
        *("dask_scheduler", "--scheduler-file", file, "--host", "127.0.0.1"),
        *("--port", "0", "--no-dashboard"),
        cwd=folder,
    )
    with scheduler as process:
        wait_for(file, process)
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


@pytest.mark.long
@pytest.mark.fault("a worker or the scheduler of Dask ends", "the job ends, in one line")
def test_a_scheduler_that_ends_is_told_in_one_line(tmp_path: Path) -> None:
    with serving(tmp_path) as (file, scheduler):
        words = ["pi", "--impl", "dask", "-n", str(2**40)]
        with subprocess.Popen(
            [sys.executable, "-c", TELLS_WHEN, tmp_path, *words],
            env={**os.environ, "DASK_SCHEDULER_FILE": str(file)},
            stderr=subprocess.PIPE,
            text=True,
        ) as job:
            wait_until((tmp_path / "begun").exists, job)
            scheduler.kill()
            said = job.communicate(timeout=120)[1]
    assert said == "workloads: pi: the Dask scheduler has ended\n"
    assert job.returncode == 1


# What a client says that was sending at the moment at which its scheduler ended.
LOST_WHILE_SENDING = """
import logging
from workloads.harness.dask_client import client
from workloads.harness.team import Team
with client(Team(1), int):
    for name in "distributed.batched", "distributed.client", "tornado.application":
        logging.getLogger(name).error("lost")
"""


def test_no_part_of_dask_tells_of_a_lost_scheduler(cluster: Path) -> None:
    done = python(cluster, "-c", LOST_WHILE_SENDING)
    assert (done.returncode, done.stderr) == (0, "")


def test_mandelbrot_is_computed_there(cluster: Path) -> None:
    done = workload(cluster, "mandel", "--area", "area1", "--impl", "dask", "--workers", "5")
    assert (done.returncode, done.stderr) == (0, "")
    assert "matches the reference" in done.stdout
    # The cluster's workers, not those that were asked for.
    (row,) = [line.split() for line in done.stdout.splitlines() if line.startswith("dask")]
    assert " 2 " in " ".join(row)


def test_pi_is_counted_there(cluster: Path) -> None:
    done = workload(cluster, "pi", "-n", "10007", "--impl", "dask")
    assert (done.returncode, done.stderr) == (0, "")


def test_eigenvalues_are_found_there(cluster: Path) -> None:
    options = ("--task", "tasks", "--impl", "dask", "-n", "11", "--count", "7")
    done = workload(cluster, "linalg", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "linalg tasks: 7 of 11 × 11" in done.stdout


def test_a_cluster_that_is_not_there_is_69_and_one_line(tmp_path: Path) -> None:
    done = workload(tmp_path / "none.json", "mandel", "--area", "area1", "--impl", "dask")
    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert "DASK_SCHEDULER_FILE" in done.stderr


STOPPED = """\
import os, signal, sys, time
from workloads.harness import dask_client, stopping
from workloads.harness.team import Team
stopping.listen()
try:
    with dask_client.client(Team(1), int) as client:
        os.kill(client.run_on_scheduler(os.getpid), signal.SIGKILL)
        end = time.monotonic() + 300
        while client.status == "running" and time.monotonic() < end:
            time.sleep(0.01)
        print(client.status)
        signal.raise_signal(getattr(signal, sys.argv[1]))
except (KeyboardInterrupt, SystemExit):
    print("ended")
"""


@pytest.mark.long
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stop_that_ends_the_scheduler_first_is_not_told_at_length(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / "scheduler.json"
    with contextlib.ExitStack() as stack:
        server = ("-m", "workloads.on_dask.server")
        words = ("scheduler", file, "127.0.0.1", "1", tmp_path / "told")
        scheduler = subprocess.Popen([sys.executable, *server, *words])
        stack.callback(scheduler.wait, 300)
        stack.callback(scheduler.kill)
        wait_for(file, scheduler)
        address = service.address(file)
        worker = subprocess.Popen(
            [sys.executable, *server, "worker", address], stderr=subprocess.DEVNULL
        )
        stack.callback(worker.wait, 300)
        stack.callback(worker.kill)
        code = "import sys; from dask.distributed import Client; "
        code += "Client(sys.argv[1]).wait_for_workers(1, timeout=300)"
        subprocess.run([sys.executable, "-c", code, address], check=True, timeout=120)
        done = python(file, "-c", STOPPED, name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "connecting\nended\n"
