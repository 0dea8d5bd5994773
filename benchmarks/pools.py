"""Start a pool and print what it took, as one line of JSON.

    python benchmarks/pools.py METHOD WORKERS [MODULE]

METHOD is `fork`, of this process, which has imported MODULE (numpy), `spawn`, `forkserver`,
or `preload`: a fork server that has imported MODULE.  MODULE `dask` starts Dask's
LocalCluster, by `spawn`, `forkserver`, or `early`: a fork server that imports Dask while this
process does.  MODULE `workloads` starts a pool of `python -m workloads`, with numpy.

    python benchmarks/pools.py rounds N FILE
    python -m workloads.on_dask benchmarks/pools.py on_dask SECONDS
    python benchmarks/pools.py calls

The first starts each of ROWS N times, in turns, and writes docs/results/pools.json or the
like.  The second describes the cluster of a launch's ranks, which began at `date +%s.%N`.  The
third counts path calls of each further rank, from its Python's start to its end.
"""

# ruff: noqa: PLC0415  # what is imported when is what it measures

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import multiprocessing.forkserver
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path

_METHODS = ("fork", "spawn", "forkserver", "preload")
_DASKS = ("spawn", "forkserver", "early")
ROWS = (
    *((method, "8", module) for module in ("numpy", "numba") for method in _METHODS),
    *((method, count, "dask") for count in ("4", "16") for method in _DASKS),
    *((method, "8", "workloads") for method in ("fork", "spawn", "forkserver")),
)


def begin(barrier: Barrier, module: str) -> None:
    """Import what the tasks need, in a worker."""
    importlib.import_module(module)
    barrier.wait(120)


def private(_: object = None) -> float:
    """Return this process's own memory, in MB."""
    # Long enough that no worker takes two of the tasks.
    time.sleep(0.3)
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1e3


@contextlib.contextmanager
def pool(method: str, workers: int, module: str) -> Iterator[ProcessPoolExecutor]:
    """Give a pool whose workers are all there and have imported a module."""
    context = multiprocessing.get_context("forkserver" if method == "preload" else method)
    if method == "preload":
        context.set_forkserver_preload([module])
    if method == "fork":
        importlib.import_module(module)
    barrier = context.Barrier(workers + 1)
    with ProcessPoolExecutor(
        workers, context, initializer=begin, initargs=(barrier, module)
    ) as executor:
        for _ in range(workers):
            executor.submit(int)
        barrier.wait(120)
        yield executor


def with_a_pool(method: str, workers: int, module: str) -> tuple[float, list[float]]:
    """Return the seconds until all workers are there, and their private memory in MB."""
    began = time.monotonic()
    with pool(method, workers, module) as executor:
        ready = time.monotonic() - began
        return ready, list(executor.map(private, range(workers)))


def import_numpy() -> None:
    """Import what most workloads need, in a worker."""
    importlib.import_module("numpy")


def with_workloads(method: str, workers: int) -> tuple[float, list[float]]:
    """Return the same of a pool of `python -m workloads`."""
    from workloads.harness.team import Team

    began = time.monotonic()
    if method == "fork":
        import_numpy()
    with Team(workers) as team:
        executor = team.pool(import_numpy, "numpy", method=method)
        ready = time.monotonic() - began
        return ready, list(executor.map(private, range(workers)))


def with_dask(method: str, workers: int) -> tuple[float, list[float]]:
    """Return the same of Dask's LocalCluster."""
    if method == "early":
        multiprocessing.set_forkserver_preload(["distributed"])
        multiprocessing.forkserver.ensure_running()
    import dask
    from dask.distributed import Client, LocalCluster

    how = "spawn" if method == "spawn" else "forkserver"
    dask.config.set({"distributed.worker.multiprocessing-method": how})
    began = time.monotonic()
    nowhere = "127.0.0.1:0"
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=nowhere,
            worker_dashboard_address=nowhere,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(workers)
        ready = time.monotonic() - began
        return ready, list(client.run(private).values())


def on_dask(began: str) -> dict[str, object]:
    """Return what the cluster took that `python -m workloads.on_dask` has started."""
    from dask.distributed import Client

    with Client() as client:
        ready = time.time() - float(began)
        own = list(client.run(private).values())
        used = client.run(time.process_time).values()
    return {
        "method": "on_dask",
        "workers": len(own),
        "module": "dask",
        "ready_s": round(ready, 3),
        "cpu_s": round(sum(used), 3),
        "private_mb": round(statistics.median(own), 1),
    }


def calls() -> dict[str, object]:
    """Return the path calls of a rank that becomes a worker: half of what two more ranks add."""
    from workloads.startup.tracer import trace

    mpiexec = str(shutil.which("mpiexec"))
    words = [sys.executable, "-m", "workloads.on_dask", "-m", "this"]
    two, four = (trace([mpiexec, "-n", ranks, *words], mpiexec) for ranks in ("2", "4"))
    counts = {
        key: (int(str(four[key])) - int(str(two[key]))) // 2
        for key in ("path_calls", "off_node", "getdents")
    }
    return {"method": "on_dask", "module": "dask", **counts}


def rounds(number: int, file: Path) -> None:
    """Start all rows in turns, and write what each took."""
    from workloads.harness.result import circumstances

    told = {"benchmark": "pools", **circumstances("", ()), "load_average": os.getloadavg()}
    told["command"] = f"python benchmarks/pools.py rounds {number} {file.name}"
    words = [sys.executable, __file__]
    samples = []
    for turn in range(number * len(ROWS)):
        done = subprocess.run(
            [*words, *ROWS[turn % len(ROWS)]], capture_output=True, text=True, check=True
        )
        samples.append(json.loads(done.stdout))
    file.write_text(json.dumps({**told, "samples": samples}, indent=1) + "\n")


def main(method: str, count: str = "", module: str = "numpy") -> None:
    """Start one pool, or look at one that is there."""
    if method == "rounds":
        rounds(int(count), Path(module))
        return
    if method in ("on_dask", "calls"):
        print(json.dumps(on_dask(count) if method == "on_dask" else calls()))
        return
    workers, before = int(count), time.process_time()
    others = {"dask": with_dask, "workloads": with_workloads}
    if module in others:
        ready, own = others[module](method, workers)
    else:
        ready, own = with_a_pool(method, workers, module)
    # A fork's workers have what the parent imported; else a server or a worker imports it.
    imported = time.process_time() - before if method == "fork" else 0.0
    if method in ("forkserver", "preload", "early"):
        # Its processor time, and its children's, counts when it has ended.
        # There is no public way to end it.
        multiprocessing.forkserver._forkserver._stop()  # type: ignore[attr-defined]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "method": method,
        "workers": workers,
        "module": module,
        "ready_s": round(ready, 3),
        "cpu_s": round(used.ru_utime + used.ru_stime + imported, 3),
        "private_mb": round(statistics.median(own), 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
