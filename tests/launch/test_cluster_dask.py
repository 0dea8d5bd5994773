"""Dask across both nodes: by hand with a scheduler file, and by ``make launch DASK=1``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from launching import SECONDS, hpcpy, nothing_is_left, processes, processor_seconds, said, start
from local_cluster import Cluster, image

from hpcpy.cluster.layout import NODES
from hpcpy.core import paths
from running import run
from tiers import sampled

# Beside the same tasks in one process, whose answer is the same.
TASKS = "linalg --task tasks --impl serial,dask -n 31 --count 40 --repeat 1"
# Dask's own way into a worker: it writes down each task that is done there.
TELL = """
import os
from distributed import WorkerPlugin

class Tell(WorkerPlugin):
    def __init__(self, file):
        self.file = file
    def transition(self, key, start, finish, **_):
        if finish == "memory":
            print(key, file=self.file, flush=True)

async def dask_setup(worker):
    name = f"{os.uname().nodename}.{os.getpid()}.done"
    await worker.plugin_add(Tell(open(os.path.join(FOLDER, name), "w")))
"""


@pytest.fixture
def folder(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """Give a folder in which workers tell of each task they have done."""
    folder = cluster.shared / re.sub(r"\W+", "-", request.node.name)
    folder.mkdir()
    (folder / "tell.py").write_text(f"FOLDER = {str(folder)!r}\n{TELL}")
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", str(folder / "tell.py"))
    return folder


def running(cluster: Cluster, *beginning: str) -> dict[int, str]:
    """Return the node of each Python of this cluster whose words begin like that."""
    return {
        one.number: one.variables["SLURMD_NODENAME"]
        for one in processes(cluster)
        if tuple(one.words[1 : 1 + len(beginning)]) == beginning
    }


def workers(cluster: Cluster) -> dict[int, str]:
    return running(cluster, "-m", "workloads.on_dask.server", "worker")


def wait_until_it_computes(cluster: Cluster) -> None:
    end = time.monotonic() + SECONDS
    while not running(cluster, "-m", "workloads", "pi"):
        assert time.monotonic() < end
        time.sleep(0.1)
    # And not only imports: the workers have done that, and all but sleep until then.
    used = {worker: processor_seconds(worker) for worker in workers(cluster)}
    while not any(processor_seconds(one) > used.get(one, 0.0) + 0.5 for one in workers(cluster)):
        assert time.monotonic() < end
        time.sleep(0.1)


def tasks_done(folder: Path) -> dict[str, int]:
    """Return how many tasks each worker has done, by its node and process."""
    return {path.stem: len(path.read_text().splitlines()) for path in folder.glob("*.done")}


def both_nodes_have_worked(folder: Path, workers: int) -> None:
    done = tasks_done(folder)
    nodes = Counter(worker.partition(".")[0] for worker in done)
    assert nodes == dict.fromkeys(NODES, workers // 2)
    assert all(done.values()), done


def right_by_both(report: Path) -> None:
    alone, dask = json.loads(report.read_text())["results"]
    assert (alone["impl"], alone["workers"]) == ("serial", 1)
    assert (dask["impl"], dask["workers"]) == ("dask", 4)
    assert alone["answer"] == dask["answer"]


@pytest.mark.long
def test_tasks_of_linear_algebra_with_a_scheduler_file(cluster: Cluster, folder: Path) -> None:
    # The script of docs/linalg.md, its image and its workload named.
    text = (paths.ROOT / "docs/linalg.md").read_text()
    (script,) = re.findall(r"^```bash\n(#!/bin/bash\n.*?)^```$", text, re.M | re.S)
    report = folder / "report.json"
    named = {
        "apptainer exec hpcpy.sif": " ".join(image()),
        "linalg --task tasks --impl dask": f"{TASKS} --json {report}",
    }
    for word, ours in named.items():
        assert word in script
        script = script.replace(word, ours)
    (folder / "dask.sbatch").write_text(script)
    log = folder / "log"
    done = cluster.run(
        *("sbatch", "--wait", f"--chdir={folder}", f"--output={log}", folder / "dask.sbatch"),
        timeout=SECONDS,
    )
    assert done.returncode == 0, log.read_text()
    assert "linalg tasks: 40 of 31 × 31" in log.read_text()
    right_by_both(report)
    both_nodes_have_worked(folder, 4)


@pytest.mark.parametrize("kind", sampled(["pmi2", "pmix"]))
def test_pi_by_launch(cluster: Cluster, sif: str, folder: Path, kind: str) -> None:
    words = ("W=pi --impl dask", "NODES=2", "TASKS=4", "DASK=1", f"MPI={kind}", f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words)
    assert (done.returncode, said(done)) == (0, [])
    # The stored count of four.
    assert "seeded, 4 at work: 15,703,353 hits" in done.stdout
    assert "matches" in done.stdout
    both_nodes_have_worked(folder, 4)


def everything(cluster: Cluster) -> str:
    """Return what each process of this cluster's jobs is and waits for."""
    numbers = ",".join(map(str, running(cluster)))
    words = ("ps", "-o", "pid,ppid,stat,etime,wchan:24,args", f"--pid={numbers}")
    listed = run(*words)
    return "\n".join(line[:300] for line in listed.stdout.splitlines())


@pytest.fixture
def endless(cluster: Cluster, sif: str) -> Iterator[subprocess.Popen[str]]:
    """Start a launch that computes for long, and wait until all its workers are there."""
    words = ("W=pi --impl dask -n 2000000000", "NODES=2", "TASKS=4", "DASK=1", f"IMAGE={sif}")
    process = start(cluster, *words)
    end = time.monotonic() + SECONDS
    while len(found := workers(cluster)) < 4:
        if process.poll() is not None or time.monotonic() > end:
            there = cluster.run("squeue").stdout + everything(cluster)
            process.terminate()
            _, err = process.communicate(timeout=SECONDS)
            pytest.fail(f"{found} work, of 4: {err}\n{there}")
        time.sleep(0.1)
    yield process
    process.kill()


@pytest.mark.long
def test_a_worker_that_dies_ends_the_job(cluster: Cluster, endless: subprocess.Popen[str]) -> None:
    os.kill(
        next(worker for worker, node in workers(cluster).items() if node == "n2"), signal.SIGKILL
    )
    _, err = endless.communicate(timeout=SECONDS)
    assert endless.returncode not in (0, None)
    assert re.match(r"hpcpy launch: rank [23] on n2: ", err.splitlines()[-1]), err
    nothing_is_left(cluster, "pi --impl dask")
    assert workers(cluster) == {}


# Python's own word of a Ctrl-C in a callback of its imports, before a line of ours has run.
IN_AN_IMPORT = re.compile(
    r"Exception ignored while calling weakref callback <[^\n]*>:\n"
    r"Traceback \(most recent call last\):\n"
    r'  File "<frozen importlib\._bootstrap>", [^\n]*\n'
    r"KeyboardInterrupt: *\n"
)


@pytest.mark.long
@pytest.mark.parametrize(
    ("when", "number"), [("computing", signal.SIGTERM), ("starting", signal.SIGINT)]
)
def test_a_signal_ends_all_workers(
    cluster: Cluster, endless: subprocess.Popen[str], when: str, number: signal.Signals
) -> None:
    if when == "computing":
        wait_until_it_computes(cluster)
    endless.send_signal(number)
    _, err = endless.communicate(timeout=SECONDS)
    assert endless.returncode == 128 + number, err
    assert err.splitlines()[-1] == f"hpcpy launch: stopped by {number.name}"
    assert "Traceback" not in IN_AN_IMPORT.sub("", err), err
    nothing_is_left(cluster, "pi --impl dask")
    assert workers(cluster) == {}
