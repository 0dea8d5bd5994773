"""Dask's technique on a cluster that is there already, named by its address or its file."""

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

from running import TELLS_WHEN, Done, printed, run, start, wait_until

pytestmark = needs("distributed")


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


@pytest.mark.long
def test_a_scheduler_that_ends_is_told_in_one_line(tmp_path: Path) -> None:
    with serving(tmp_path) as (file, scheduler):
        words = ["pi", "--impl", "dask", "-n", str(2**40)]
        env = {**os.environ, "DASK_SCHEDULER_FILE": str(file)}
        with start(sys.executable, "-c", TELLS_WHEN, tmp_path, *words, env=env) as job:
            wait_until((tmp_path / "begun").exists, job)
            scheduler.kill()
            said = job.communicate(timeout=120)[1]
    assert said == "pi: dask on 1,099,511,627,776 pairs: FAILED: the Dask scheduler has ended\n"
    assert job.returncode == 1


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
