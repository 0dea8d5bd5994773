"""NERSC's Data Day 2022, "Scaling Python Applications": pi, the GIL, BLAS and GPUs.

The numbers are those printed on its slides.
"""

from __future__ import annotations

from workloads.talk.slides import Experiment, Key, Slide, Talk, scaled, times

_PYTHON = 3.6154


def _beside_python(name: str, told: float | None, workers: int) -> tuple[Experiment]:
    words = ("pi", "--impl", f"python,{name}", "--workers", str(workers))
    seconds: dict[Key, float | None] = {("python", 1): _PYTHON, (name, workers): told}
    return (Experiment(words, seconds),)


# By threads of BLAS.
_EIGH = {
    1: 0.188, 2: 0.126, 4: 0.117, 8: 0.0949, 16: 0.0854, 32: 0.0983, 64: 0.327, 128: 0.468,
    256: 0.446,
}  # fmt: skip

TALK = Talk(
    title="Scaling Python Applications, NERSC Data Day 2022",
    source="GitHub: NERSC/data-day-2022",
    machine="a CPU node of Perlmutter, 128 cores; Python 3.10",
    slides=(
        Slide(
            6,
            "pure Python or C",
            "C is about ten times as fast.",
            _beside_python("cython-seeded", None, 1),
            "The talk's C draws from rand(); here C draws the numbers that Python draws.",
        ),
        Slide(
            8,
            "a newer Python",
            "3.11 took 2.21 s where 3.10 took 3.17: the best speed-up costs nothing.",
            (Experiment(("pi", "--impl", "python"), times({"python": 2.21})),),
            "`pi --python FILE` adds a row by any other Python.",
        ),
        Slide(
            9,
            "threads",
            "The GIL lets one thread at a time execute Python: four are no faster than one.",
            _beside_python("threads", 3.8097, 4),
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
        ),
        Slide(
            12,
            "multiprocessing",
            "A GIL for each process; their start costs more than a thread's.",
            _beside_python("multiprocessing", 1.0609, 4),
        ),
        Slide(
            14,
            "MPI",
            "As processes, and over as many nodes as there are.",
            (
                Experiment(
                    ("pi", "--impl", "mpi", "--scale", "1,4"),
                    scaled("mpi", {1: _PYTHON, 4: 0.9922}),
                    ranks=4,
                ),
            ),
        ),
        Slide(
            15,
            "Dask",
            "Futures on a cluster that is one machine here, and may be many.",
            _beside_python("dask", 1.2273, 4),
        ),
        Slide(
            17,
            "NumPy",
            "The loop is NumPy's, in C: faster than four processes, on one core.",
            _beside_python("numpy", 0.4738, 1),
            "The talk's takes all numbers at once, here they come in pieces that fit a cache.",
        ),
        Slide(
            18,
            "BLAS has threads of its own",
            "eigh computes on all cores, and the GIL is not asked.",
            (
                Experiment(
                    ("linalg", "--task", "eigh", "-n", "1000", "--impl", "numpy"),
                    times({"numpy": 0.427}),
                ),
            ),
        ),
        Slide(
            19,
            "how many threads",
            "More threads help up to a few; as many as there are cores are slower than one.",
            (
                Experiment(
                    ("linalg", "--task", "threads", "--impl", "all"),
                    {(f"omp-{threads}", threads): seconds for threads, seconds in _EIGH.items()},
                ),
            ),
            "OpenBLAS here, up to twice the cores that there are.",
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
        ),
    ),
)
