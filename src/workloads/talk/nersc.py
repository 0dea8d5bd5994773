"""NERSC's Data Day 2022, "Scaling Python Applications": pi, the GIL, BLAS and GPUs.

The numbers are those printed on its slides; 29, after the last one, is the repository's
``data-tasks``.
"""

from __future__ import annotations

from dataclasses import replace

from workloads.talk.claims import TooMany, about, faster, no_faster
from workloads.talk.slides import Experiment, Key, Slide, Talk, scaled, times

# The talk's pi: workers, and seconds if the talk has them.
_PI: dict[str, tuple[int, float | None]] = {
    "python": (1, 3.6154),
    "cython-seeded": (1, None),
    "threads": (4, 3.8097),
    "multiprocessing": (4, 1.0609),
    "dask": (4, 1.2273),
    "numpy": (1, 0.4738),
}


def _pi(*names: str) -> tuple[Experiment]:
    told: dict[Key, float | None] = {(name, _PI[name][0]): _PI[name][1] for name in names}
    most = max(workers for _, workers in told)
    return (Experiment(("pi", "--impl", ",".join(names), "--workers", str(most)), told),)


# The talk's seconds of eigh, by threads of BLAS.
_EIGH = {
    1: 0.188, 2: 0.126, 4: 0.117, 8: 0.0949, 16: 0.0854, 32: 0.0983, 64: 0.327, 128: 0.468,
    256: 0.446,
}  # fmt: skip

_MATRIX = "The talk's matrix is b.T @ b (`--task gram`), here another one."


def _eigh_by_threads() -> Experiment:
    told: dict[Key, float | None] = {(f"omp-{many}", many): _EIGH[many] for many in _EIGH}
    words = ("linalg", "--task", "threads", "--impl", "all")
    # The workload has rows for up to twice the cores.
    where = ("rows go up to twice the cores of the machine", " ".join(words))
    return Experiment(words, told, elsewhere=dict.fromkeys(told, where))


def _tasks(title: str, told: dict[Key, float | None], ranks: int = 1) -> Experiment:
    names = ",".join(name for name, _ in told)
    words = ("linalg", "--task", "tasks", "--impl", names)
    # The talk gives BLAS one thread, since it compares processes.
    return Experiment(words, told, ranks, title, {"OMP_NUM_THREADS": "1"})


def _tasks_of_processes() -> Experiment:
    told: dict[Key, float | None] = {
        ("serial", 1): 28.969,
        ("multiprocessing", 4): 11.752,
        ("dask", 4): None,
    }
    one = _tasks("by processes", told)
    words = "linalg --task tasks --impl dask --workers 32"
    return replace(
        one,
        words=(*one.words, "--workers", "4"),
        told={**told, ("dask", 32): 4.89},
        elsewhere={("dask", 32): ("needs as many cores as workers", words)},
    )


TALK = Talk(
    title="Scaling Python Applications, NERSC Data Day 2022",
    source="GitHub: NERSC/data-day-2022",
    machine="a CPU node of Perlmutter, 128 cores; Python 3.10",
    slides=(
        Slide(
            6,
            "pure Python or C",
            "C is about ten times as fast.",
            _pi("python", "cython-seeded"),
            "The talk's C draws from rand(); here C draws the numbers that Python draws.",
            claims=(about(("python", 1), ("cython-seeded", 1), 10),),
        ),
        Slide(
            8,
            "a newer Python",
            "3.11 took 2.21 s where 3.10 took 3.17: the best speed-up costs nothing.",
            (
                Experiment(
                    ("pi", "--impl", "python"),
                    {("python-3.10", 1): 3.17, ("python", 1): 2.21},
                    elsewhere={
                        ("python-3.10", 1): (
                            "`--python FILE` adds another Python",
                            "talk nersc 8 --python FILE",
                        )
                    },
                    pythons=True,
                ),
            ),
            claims=(faster(("python-3.10", 1), ("python", 1)),),
        ),
        Slide(
            9,
            "threads",
            "The GIL lets one thread at a time execute Python: four are no faster than one.",
            _pi("python", "threads"),
            claims=(no_faster(("python", 1), ("threads", 4)),),
        ),
        Slide(
            10,
            "threads that wait",
            "Who waits lets go of the GIL: four threads wait in a quarter of the time.",
            (
                Experiment(
                    ("pi", "--impl", "sleep", "--scale", "1,4"),
                    scaled("sleep", {1: 5.0050, 4: 1.2515}),
                ),
            ),
            "The talk waits for 5 s and computes nothing; here 2 s, and the pairs are counted.",
            claims=(faster(("sleep", 1), ("sleep", 4), 3.5),),
        ),
        Slide(
            12,
            "multiprocessing",
            "A GIL for each process; their start costs more than a thread's.",
            _pi("python", "threads", "multiprocessing"),
            claims=(faster(("threads", 4), ("multiprocessing", 4), 1.5),),
        ),
        Slide(
            14,
            "MPI",
            "As processes, and over as many nodes as there are.",
            (
                Experiment(
                    ("pi", "--impl", "mpi", "--scale", "1,4"),
                    scaled("mpi", {1: 3.6154, 4: 0.9922}),
                    ranks=4,
                ),
            ),
            claims=(faster(("mpi", 1), ("mpi", 4), 1.5),),
        ),
        Slide(
            15,
            "Dask",
            "Futures on a cluster that is one machine here, and may be many.",
            _pi("python", "dask"),
            claims=(faster(("python", 1), ("dask", 4), 1.5),),
        ),
        Slide(
            17,
            "NumPy",
            "The loop is NumPy's, in C: faster than four processes, on one core.",
            _pi("python", "multiprocessing", "numpy"),
            "The talk's takes all numbers at once, here they come in pieces that fit a cache.",
            claims=(faster(("multiprocessing", 4), ("numpy", 1)),),
        ),
        Slide(
            18,
            "BLAS has threads of its own",
            "eigh computes on all cores, and the GIL is not asked. By default there are as many "
            "threads as cores, which the talk's 128 make slower than one.",
            (
                Experiment(
                    ("linalg", "--task", "threads", "--impl", "omp-1"),
                    times({"omp-1": 0.188}),
                    title="one thread",
                ),
                Experiment(
                    ("linalg", "--task", "eigh", "-n", "1000", "--impl", "numpy"),
                    times({"numpy": 0.427}),
                    title="as many as by default",
                ),
            ),
            "By default the talk's BLAS has 128 threads, too many for this matrix; here it has a "
            f"thread a core. {_MATRIX}",
            claims=(faster(("numpy", 1), ("omp-1", 1)),),
        ),
        Slide(
            19,
            "how many threads",
            "More threads help up to a few; as many as there are cores are slower than one.",
            (_eigh_by_threads(),),
            f"OpenBLAS here. {_MATRIX}",
            claims=(TooMany([(f"omp-{threads}", threads) for threads in _EIGH]),),
        ),
        Slide(
            24,
            "three packages on one GPU array",
            "CuPy makes the array, Numba's kernel changes it, NumPy's sum is CuPy's.",
            (
                Experiment(
                    ("linalg", "--task", "addone", "--impl", "all"),
                    times({"numpy": None, "numba-cuda": None}),
                ),
            ),
            claims=(faster(("numpy", 1), ("numba-cuda", 1)),),
        ),
        Slide(
            25,
            "is it a good fit for a GPU?",
            "A large product is; a small one waits for its copies.",
            (
                Experiment(
                    ("linalg", "--task", "dot", "--impl", "all"),
                    times({"numpy": None, "cupy": None}),
                ),
            ),
            "`-n 100,500,1000,4000` tells from which size on.",
            claims=(faster(("numpy", 1), ("cupy", 1)),),
        ),
        Slide(
            29,
            "many matrices",
            "Tasks that need nothing of each other: processes, ranks and Dask share them out, and "
            "one GPU takes them faster than four processes.",
            (
                _tasks_of_processes(),
                _tasks("by ranks", {("mpi", 4): 9.338}, 4),
                _tasks("on a GPU", {("cupy", 1): 3.471}),
                _tasks("on four GPUs", {("cupy-mpi", 4): 4.344}, 4),
            ),
            "The talk's seconds are of whole programs, their start and their matrices included. "
            f"{_MATRIX}",
            claims=(
                faster(("serial", 1), ("multiprocessing", 4), 1.5),
                faster(("serial", 1), ("mpi", 4), 1.5),
                faster(("serial", 1), ("dask", 4), 1.5),
                faster(("multiprocessing", 4), ("cupy", 1)),
            ),
        ),
    ),
)
