"""Time every row for a GPU beside one of all cores; `tests/run.py --gpu` starts it.

Each report leaves a JSON and a plot in the folder that is named.
"""

import subprocess
import sys

from on_device import launcher

_ALL = "simd,numba-parallel,cupy,numba-cuda,pyopencl"
_TASKS = "--task tasks -n 300 --repeat 5"
# Of each report: ranks, workload, rows, options.
TIMED = {
    "mandel": (1, "mandel", _ALL, "--repeat 10"),
    "linalg": (1, "linalg", "numpy,cupy", "--task eigh,dot --repeat 5"),
    "dot-by-size": (1, "linalg", "numpy,cupy", "--task dot -n 100,300,1000,3000 --repeat 5"),
    "tasks": (1, "linalg", "serial,cupy", _TASKS),
    "tasks-in-one-call": (1, "linalg", "serial,cupy,cupy-batch", "--task tasks -n 50 --repeat 5"),
    "tasks-of-ranks": (2, "linalg", "mpi,cupy-mpi", _TASKS),
    "addone": (1, "linalg", "numpy,numba-cuda", "--task addone -n 10000000"),
    "p2p": (2, "p2p", "mpi-upper,mpi-cupy", ""),
}
# Of the workloads' own exit codes: the machine cannot do it, and the row has said why.
UNAVAILABLE = 69


def able(start: list[str], rows: list[str]) -> list[str]:
    """Leave out the rows that cannot run, and say why: one would keep the others from it."""
    done = subprocess.run([*start, "--list"], stdout=subprocess.PIPE, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if "[cannot run here: " in line]
    unable = {line.split()[0]: line for line in lines}
    for row in rows:
        if row in unable:
            print(unable[row], flush=True)
    return [row for row in rows if row not in unable]


def main(out: str) -> int:
    """Write all reports; return the exit code of the first that failed, else 0."""
    codes = []
    for name, (ranks, workload, row_names, options) in TIMED.items():
        print(f"\n== {name}", flush=True)
        several = launcher(ranks) if ranks > 1 else []
        start = [*several, sys.executable, "-m", "workloads", workload]
        if rows := able(start, row_names.split(",")):
            files = ["--json", f"{out}/{name}.json", "--plot", f"{out}/{name}.png"]
            command = [*start, "--impl", ",".join(rows), *options.split(), *files]
            codes.append(subprocess.run(command, check=False).returncode)
    return next((code for code in codes if code not in (0, UNAVAILABLE)), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
