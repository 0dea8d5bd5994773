"""NIH HPC, "Python in HPC": the Mandelbrot set climbed from pure Python to parallel code.

The numbers are those of the notebook's implementations; 11 and 12 are the MPI programs
that lie beside it.
"""

from __future__ import annotations

from workloads.talk.claims import SAME, Faster, TooMany
from workloads.talk.slides import Experiment, Slide, Talk, by_workers

# The talk's seconds for its two areas.
_SECONDS = {
    "python": (6.04, 130.0),
    "python-inline": (None, None),
    "numba-inner": (0.986, 9.71),
    "numpy-loops": (1.30, 9.94),
    "numba-complex": (0.387, 9.14),
    "numba": (0.102, 2.64),
    "cython": (0.101, 2.58),
    "pyopencl": (0.0162, 0.0364),
    "f2py": (0.107, 2.62),
}
_SCALED: dict[str, dict[int, float | None]] = {
    "vectorize-parallel": {1: 2.71, 2: 1.36, 4: 0.679, 8: 0.358, 14: 0.244},
    "multiprocessing-lists": {1: 3.03, 2: 1.66, 4: 1.04, 8: 0.764, 14: 0.818},
    "multiprocessing": {1: None, 2: None, 4: None, 8: None, 14: None},
}
_SINGLE = "The talk computes in single precision; here that is a table of its own."


def _areas(*names: str) -> list[Experiment]:
    # A slow technique computes a sample of area 2's rows.
    return [
        Experiment(
            f"mandel --area area{area} --impl {','.join(names)}",
            {name: _SECONDS[name][area - 1] for name in names},
            title=f"area {area}",
        )
        for area in (1, 2)
    ]


def _single(opencl: float | None = None) -> Experiment:
    return Experiment(
        "mandel --area area2-single --impl numba-single,pyopencl-single",
        {"numba-single": None, "pyopencl-single": opencl},
        title="area 2 in single precision",
    )


def _scaled(name: str, **environment: str) -> Experiment:
    # Numba starts 8 threads, or one a core if there are more, unless its variable is set.
    command = f"mandel --area area2 --impl {name} --scale 1,2,4,8,14"
    return Experiment(command, by_workers(name, _SCALED[name]), "area 2", environment=environment)


SLIDES = {
    1: Slide(
        "pure Python",
        "A million calls of a small function, and in it 24 million of abs: the profile shows "
        "where. Without the calls it is faster.",
        *_areas("python", "python-inline"),
        claims=[Faster("python", "python-inline")],
        # A small picture: a profiled line takes ten times as long.
        profiled="mandel --window -2 0.5 -1.25 1.25 --size 150 150 --maxiter 80 --impl python",
    ),
    2: Slide(
        "numba on the inner function",
        "One decorator. What remains is the loops around it, which Python still executes.",
        *_areas("python", "numba-inner"),
        claims=[Faster("python", "numba-inner")],
    ),
    3: Slide(
        "NumPy's arrays, looped over by Python",
        "An array that Python takes apart number by number is slower than a list: the talk took "
        "1.3 s where lists took 0.986.",
        *_areas("numba-inner", "numpy-loops"),
        claims=[Faster("numpy-loops", "numba-inner")],
    ),
    4: Slide(
        "numba on both functions",
        "Once the loops are compiled, too, nothing of Python is left in them.",
        *_areas("python", "numba-inner", "numba-complex"),
        claims=[Faster("numba-inner", "numba-complex")],
    ),
    5: Slide(
        "a better algorithm",
        "Squares are computed once, and no square root: several times as fast, by no tool at all.",
        *_areas("python", "numba-complex", "numba"),
        claims=[Faster("numba-complex", "numba", 2, 8)],
    ),
    6: Slide(
        "Cython",
        "The same loop in C is as fast as numba's: choose by what you maintain.",
        *_areas("python", "numba", "cython"),
        claims=[Faster("numba", "cython", *SAME)],
    ),
    7: Slide(
        "OpenCL",
        "A GPU computes all points at once.",
        *_areas("python", "numba", "pyopencl"),
        _single(_SECONDS["pyopencl"][1]),
        claims=[Faster("numba", "pyopencl", 5)],
        differs=f"{_SINGLE} Without a GPU it runs on the processor, by PoCL.",
    ),
    8: Slide(
        "Fortran by f2py",
        "As fast as numba and Cython: the same instructions. So is C in a shared object that "
        "ctypes or cffi opens.",
        *_areas("python", "numba", "cython", "f2py"),
        *(
            Experiment(f"mandel --area area2 --impl {name}", {name: None}, f"area 2, C by {name}")
            for name in ("ctypes", "cffi")
        ),
        claims=[Faster(name, "f2py", *SAME) for name in ("numba", "cython", "ctypes", "cffi")],
    ),
    9: Slide(
        "a parallel ufunc",
        "numba.vectorize makes threads of one decorator: two are nearly twice as fast.",
        _scaled("vectorize-parallel", NUMBA_NUM_THREADS="14"),
        _single(),
        claims=[Faster("vectorize-parallel", "vectorize-parallel 2", 1.5)],
        differs="The talk's points are float32, and it computes in float64, as `real = 0` makes "
        "it; here both are float64, and float32 in the second table.",
    ),
    10: Slide(
        "multiprocessing",
        "Both pools compute by the same kernel. Rows come back as lists, of which each number is "
        "pickled and made anew: beyond a few processes that costs what they gain. Arrays come "
        "back as they lie in memory.",
        _scaled("multiprocessing-lists"),
        _scaled("multiprocessing"),
        claims=[
            TooMany("multiprocessing-lists"),
            Faster("multiprocessing-lists 14", "multiprocessing 14"),
        ],
    ),
    11: Slide(
        "threads, and MPI with blocks of rows",
        "Rows are shared out by Scan, and come back by Gatherv. Neighbouring rows take about as "
        "long, so that a rank with the set's inside is the last; every n-th row is fairer. Threads "
        "take rows as they become free and send none, but end with the node.",
        Experiment(
            "mandel --area area2 --size 3000 3000 --impl threads,mpi-block,mpi-cyclic --workers 4",
            {"threads 4": None, "mpi-block 4": None, "mpi-cyclic 4": None},
            ranks=4,
            # simd, f2py, numba and vectorize agree on it.
            sha256="9c7dbadf74c49393304475e4ef73cd219dc1337a10c9f9f4bc682cc64442d070",
        ),
        claims=[Faster("mpi-block 4", name) for name in ("threads 4", "mpi-cyclic 4")],
        differs="3000² is the program's size; the deck's table is of 32k²: `--size 32768 32768`.",
    ),
    12: Slide(
        "MPI, Send and Recv of an array",
        "Send takes the array's memory; send would pickle it first.",
        Experiment(
            "p2p --sizes 400 --times 1000 --impl mpi-lower,mpi-upper",
            {"mpi-lower 2": None, "mpi-upper 2": None},
            ranks=2,
        ),
        claims=[Faster("mpi-lower 2", "mpi-upper 2")],
        differs="The talk sends one message, without a clock; here it is 1,000 times 100 integers.",
    ),
}
TALK = Talk(
    "Python in HPC, NIH HPC: profile_and_optimize_mandelbrot",
    "GitHub: NIH-HPC/python-in-hpc",
    "14 cores and one K80, Python 3.6",
    SLIDES,
)
