"""NERSC's Data Day 2022, "Scaling Python Applications": pi, the GIL, BLAS and GPUs.

The numbers are those printed on its slides; 29, after the last one, is the repository's
``data-tasks``.
"""

from __future__ import annotations

from workloads.talk.claims import NO_FASTER, Faster, TooMany, Trend
from workloads.talk.slides import Experiment, Slide, Talk

# The talk's pi, by one worker or by four.
_PI = {
    "python": 3.6154, "cython-seeded": None, "threads 4": 3.8097, "interpreters 4": None,
    "multiprocessing 4": None, "fork 4": None, "spawn 4": 1.0609, "dask 4": None,
    "dask-delayed 4": 1.2273, "numpy": 0.4738,
}  # fmt: skip
# The talk's seconds of eigh, by threads of BLAS.
_EIGH = {
    "omp-1": 0.188, "omp-2 2": 0.126, "omp-4 4": 0.117, "omp-8 8": 0.0949, "omp-16 16": 0.0854,
    "omp-32 32": 0.0983, "omp-64 64": 0.327, "omp-128 128": 0.468, "omp-256 256": 0.446,
}  # fmt: skip
# The talk gives BLAS one thread, since it compares processes.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
_DOT: dict[str, float | None] = {"numpy": None, "cupy": None}
_MATRIX = "The talk's matrix is b.T @ b (`--task gram`), here another one."


def _pi(workers: int, *keys: str) -> list[Experiment]:
    names = ",".join(key.split()[0] for key in keys)
    command = f"pi --impl {names} --workers {workers}"
    return [Experiment(command, {key: _PI[key] for key in keys})]


def _tasks(title: str, key: str, seconds: float, ranks: int = 1) -> Experiment:
    command = f"linalg --task tasks --impl {key.partition(' ')[0]}"
    return Experiment(command, {key: seconds}, title, ranks, _ONE_THREAD)


SLIDES = {
    6: Slide(
        "pure Python or C",
        "C is about ten times as fast.",
        *_pi(1, "python", "cython-seeded"),
        claims=[Faster("python", "cython-seeded", 5, 20)],
        differs="The talk's C draws from rand(); here C draws the numbers that Python draws.",
    ),
    8: Slide(
        "a newer Python",
        "3.11 took 2.21 s where 3.10 took 3.17: the best speed-up costs nothing.",
        Experiment(
            "pi --impl python",
            {"python-3.10": 3.17, "python": 2.21},
            elsewhere=("`--python FILE` adds another Python", "talk nersc 8 --python FILE"),
            pythons=True,
        ),
        claims=[Faster("python-3.10", "python")],
    ),
    9: Slide(
        "threads",
        "The GIL lets one thread at a time execute Python: four are no faster than one.",
        *_pi(4, "python", "threads 4"),
        claims=[Faster("python", "threads 4", *NO_FASTER)],
    ),
    10: Slide(
        "threads that wait",
        "Who waits lets go of the GIL: four threads wait in a quarter of the time.",
        Experiment("pi --impl sleep --scale 1,4", {"sleep": 5.0050, "sleep 4": 1.2515}),
        claims=[Faster("sleep", "sleep 4", 3.5)],
        differs="The talk waits for 5 s and computes nothing; here 2 s, and the pairs are counted.",
    ),
    12: Slide(
        "multiprocessing",
        "A GIL for each process; their start costs more than a thread's: fork copies this "
        "process, spawn starts Python anew. Since Python 3.14 a thread may have an interpreter of "
        "its own, and a GIL. What starts Python anew imports your program, and so must not run it: "
        'that is what `if __name__ == "__main__":` is for.',
        *_pi(4, "python", "threads 4", "interpreters 4", "multiprocessing 4", "fork 4", "spawn 4"),
        claims=[Faster("threads 4", "spawn 4", 1.5)],
        differs="The talk spawns; fork and spawn are timed with their start, multiprocessing "
        "(a fork server) and interpreters without it.",
    ),
    14: Slide(
        "MPI",
        "As processes, and over as many nodes as there are.",
        Experiment("pi --impl mpi --scale 1,4", {"mpi": None, "mpi 4": 0.9922}, ranks=4),
        claims=[Faster("mpi", "mpi 4", 1.5)],
    ),
    15: Slide(
        "Dask",
        "delayed notes calls, compute makes them, on a cluster that is one machine here, and may "
        "be many. A future begins at once.",
        *_pi(4, "python", "dask-delayed 4", "dask 4"),
        claims=[Faster("python", "dask-delayed 4", 1.5)],
    ),
    17: Slide(
        "NumPy",
        "The loop is NumPy's, in C: faster than four processes, on one core.",
        *_pi(4, "python", "spawn 4", "numpy"),
        claims=[Faster("spawn 4", "numpy")],
        differs="The talk's takes all numbers at once, here they come in pieces that fit a cache.",
    ),
    18: Slide(
        "BLAS has threads of its own",
        "eigh computes on all cores, and the GIL is not asked. By default there are as many "
        "threads as cores, which the talk's 128 make slower than one.",
        Experiment("linalg --task threads --impl omp-1", {"omp-1": 0.188}, "one thread"),
        Experiment("linalg --task eigh -n 1000 --impl numpy", {"numpy": 0.427}, "by default"),
        claims=[Faster("numpy", "omp-1")],
        differs=f"By default the talk's BLAS has 128 threads; here a thread a core. {_MATRIX}",
    ),
    19: Slide(
        "how many threads",
        "More threads help up to a few; as many as there are cores are slower than one.",
        Experiment(
            "linalg --task threads --impl all",
            _EIGH,
            elsewhere=(
                "has more threads than twice the cores here",
                "linalg --task threads --impl all",
            ),
        ),
        claims=[TooMany("omp-", than_first=True)],
        differs=f"OpenBLAS here. {_MATRIX}",
    ),
    24: Slide(
        "three packages on one GPU array",
        "CuPy makes the array, Numba's kernel changes it: both know the CUDA Array Interface, so "
        "nothing is copied. NumPy's sum is CuPy's.",
        Experiment("linalg --task addone --impl all", {"numpy": None, "numba-cuda": None}),
        claims=[Faster("numpy", "numba-cuda")],
    ),
    25: Slide(
        "is it a good fit for a GPU?",
        "A large product is; a small one waits for its copies, and gains less. A processor has "
        "the lower latency, a GPU the higher throughput.",
        *(
            Experiment(f"linalg --task dot -n {n} --impl all", _DOT, f"{n:,} × {n:,}")
            for n in (100, 500, 1_000, 4_000)
        ),
        claims=[Trend("numpy", "cupy", falls=False), Faster("numpy", "cupy", of="4,000 × 4,000")],
    ),
    29: Slide(
        "many matrices",
        "Tasks that need nothing of each other: processes, ranks and Dask share them out, and one "
        "GPU takes them faster than four processes.",
        Experiment(
            "linalg --task tasks --impl serial,multiprocessing,dask --workers 4",
            {"serial": 28.969, "multiprocessing 4": 11.752, "dask 4": None, "dask 32": 4.89},
            "by processes",
            environment=_ONE_THREAD,
            elsewhere=("needs 32 cores", "linalg --task tasks --impl dask --workers 32"),
        ),
        _tasks("by ranks", "mpi 4", 9.338, ranks=4),
        _tasks("on a GPU", "cupy", 3.471),
        _tasks("on four GPUs", "cupy-mpi 4", 4.344, ranks=4),
        claims=[
            *(Faster("serial", key, 1.5) for key in ("multiprocessing 4", "mpi 4", "dask 4")),
            Faster("multiprocessing 4", "cupy"),
        ],
        differs="The talk's seconds are of whole programs, with their start. Each task finds "
        "values and vectors; the values are checked. On a GPU one core makes the matrices, "
        f"within the time. {_MATRIX}",
    ),
}
TALK = Talk(
    "Scaling Python Applications, NERSC Data Day 2022",
    "GitHub: NERSC/data-day-2022",
    "a CPU node of Perlmutter, 128 cores; Python 3.10",
    SLIDES,
)
