"""What `hpcpy test-gpu` times: every row for a GPU, beside one of all cores for scale."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

# Of the workloads' own exit codes: the machine cannot do it, and the row has said why.
_UNAVAILABLE = 69


@dataclass(frozen=True)
class Runner:
    """Where the rows run.

    Attributes
    ----------
    enter
        The words that start a program there.
    python
        Its Python.
    tests, out
        What this checkout's tests and the folder of results are called there.
    env
        Variables, beside this process's.
    """

    enter: list[str]
    python: str
    tests: str
    out: str
    env: dict[str, str]

    def command(self, *words: str, ranks: int = 1) -> list[str]:
        """Return the words that run its Python, on several ranks or as one process."""
        launcher = ["mpiexec", "-n", str(ranks)] if ranks > 1 else []
        return [*self.enter, *launcher, self.python, *words]

    def run(self, *words: str, ranks: int = 1) -> int:
        """Run its Python.

        Returns
        -------
        int
            Its exit code.
        """
        command = self.command(*words, ranks=ranks)
        return subprocess.run(command, env={**os.environ, **self.env}, check=False).returncode


@dataclass(frozen=True)
class Timing:
    """One report: the rows of a workload that are drawn together.

    Attributes
    ----------
    name
        Of its JSON and its plot.
    workload, rows, options
        What runs.
    ranks
        By how many.
    """

    name: str
    workload: str
    rows: tuple[str, ...]
    options: tuple[str, ...] = ()
    ranks: int = 1


_ALL = ("simd", "numba-parallel", "cupy", "numba-cuda", "pyopencl")
_TASKS = ("--task", "tasks", "-n", "300", "--repeat", "5")
_DOTS = ("--task", "dot", "-n", "100,300,1000,3000", "--repeat", "5")
TIMED = (
    Timing("mandel", "mandel", _ALL, ("--repeat", "10")),
    Timing("pi", "pi", _ALL, ("--repeat", "10")),
    Timing("linalg", "linalg", ("numpy", "cupy"), ("--task", "eigh,dot", "--repeat", "5")),
    Timing("dot-by-size", "linalg", ("numpy", "cupy"), _DOTS),
    Timing("tasks", "linalg", ("serial", "cupy", "cupy-batch"), _TASKS),
    Timing("mean", "linalg", ("numpy", "dask-array", "cupy"), ("--task", "mean", "--repeat", "5")),
    Timing("tasks-of-ranks", "linalg", ("mpi", "cupy-mpi"), _TASKS, ranks=2),
    Timing("addone", "linalg", ("numpy", "numba-cuda"), ("--task", "addone", "-n", "10000000")),
    Timing("p2p", "p2p", ("mpi-upper", "mpi-cupy"), ranks=2),
)


def times(place: Runner) -> int:
    """Time the rows, and write a JSON and a plot of each report.

    Those that cannot run say why, and are no failure.

    Returns
    -------
    int
        The exit code of the first that failed, else 0.
    """
    codes = []
    for one in TIMED:
        print(f"\n== {one.name}", flush=True)
        rows = able(place, one)
        if rows:
            words = ["-m", "workloads", one.workload, "--impl", ",".join(rows), *one.options]
            words += ["--json", f"{place.out}/{one.name}.json"]
            words += ["--plot", f"{place.out}/{one.name}.png"]
            codes.append(place.run(*words, ranks=one.ranks))
    return next((code for code in codes if code not in (0, _UNAVAILABLE)), 0)


def able(place: Runner, one: Timing) -> list[str]:
    """Leave out the rows that cannot run, and say why: one would keep the others from it."""
    listed = subprocess.run(
        place.command("-m", "workloads", one.workload, "--list", ranks=one.ranks),
        env={**os.environ, **place.env},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    lines = [line for line in listed.splitlines() if "[cannot run here: " in line]
    unable = {line.split()[0]: line for line in lines}
    for row in one.rows:
        if row in unable:
            print(unable[row], flush=True)
    return [row for row in one.rows if row not in unable]
