"""NIH HPC, "Python in HPC": the Mandelbrot set climbed from pure Python to parallel code.

The numbers are those of the notebook's implementations; 11 and 12 are the MPI programs
that lie beside it, and 13 is the deck's summary.  The deck is of 2017; the notebook was run
again in 2020, with other figures.
"""

from __future__ import annotations

from workloads.talk.claims import SAME, Faster, TooMany
from workloads.talk.slides import Experiment, Slide, Talk, by_workers

_YEARS = ("2017", "2020")
# Seconds for area 1 and area 2: the deck's, then the notebook's.
_SECONDS = {
    "python": ((7.770, 174.00), (6.04, 130.0)),
    "python-inline": ((None, None), (None, None)),
    "numba-inner": ((1.130, 11.70), (0.986, 9.71)),
    "numpy-loops": ((1.430, 11.90), (1.30, 9.94)),
    "numba-complex": ((0.467, 10.80), (0.387, 9.14)),
    "numba": ((0.104, 2.67), (0.102, 2.64)),
    "f2py": ((0.114, 2.67), (0.107, 2.62)),
    "cython": ((0.103, 2.63), (0.101, 2.58)),
    "pyopencl": ((0.028, 0.06), (0.0162, 0.0364)),
}
_SCALED: dict[str, tuple[dict[int, float | None], dict[int, float | None]]] = {
    "vectorize-parallel": (
        {1: 2.72, 2: 1.54, 4: 1.08, 8: 0.60, 14: 0.42},
        {1: 2.71, 2: 1.36, 4: 0.679, 8: 0.358, 14: 0.244},
    ),
    "multiprocessing-lists": (
        {1: 3.28, 2: 1.90, 4: 1.30, 8: 1.08, 14: 1.16},
        {1: 3.03, 2: 1.66, 4: 1.04, 8: 0.764, 14: 0.818},
    ),
    "multiprocessing": (dict.fromkeys((1, 2, 4, 8, 14)), {}),
}
_SINGLE = "The talk computes in single precision; here that is a table of its own."


def _areas(*names: str) -> list[Experiment]:
    # A slow technique computes a sample of area 2's rows.
    return [
        Experiment(
            f"mandel --area area{place + 1} --impl {','.join(names)}",
            {name: _SECONDS[name][0][place] for name in names},
            f"area {place + 1}",
            later={name: _SECONDS[name][1][place] for name in names},
            years=_YEARS,
        )
        for place in (0, 1)
    ]


def _single(opencl: float | None = None, later: float | None = None) -> Experiment:
    return Experiment(
        "mandel --area area2-single --impl numba-single,pyopencl-single",
        {"numba-single": None, "pyopencl-single": opencl},
        "area 2 in single precision",
        later={"pyopencl-single": later},
        years=_YEARS,
    )


def _scaled(name: str, **environment: str) -> Experiment:
    # Numba starts 8 threads, or one a core if there are more, unless its variable is set.
    deck, notebook = (by_workers(name, each) for each in _SCALED[name])
    return Experiment(
        f"mandel --area area2 --impl {name} --scale 1,2,4,8,14",
        deck,
        "area 2",
        environment=environment,
        later=notebook,
        years=_YEARS,
    )


SLIDES = {
    1: Slide(
        "pure Python",
        "Measure, do not guess, and ask whether it is worth your time. A million calls of a small "
        "function, and in it 24 million of abs: the profile shows where. Without the calls it is "
        "faster.",
        *_areas("python", "python-inline"),
        claims=[Faster("python", "python-inline")],
        # A small picture: a profiled line takes ten times as long.
        profiled="mandel --window -2 0.5 -1.25 1.25 --size 150 150 --maxiter 80 --impl python",
        differs="In 2017 %timeit said 7.77 s ± 26.8 ms of area 1, python -m timeit 7.81 s; %prun "
        "25,214,601 calls in 12.622 s, 9.001 of them in the function and 2.647 in abs; %lprun 1.0, "
        "27.6, 39.2, 0.8, 31.0 and 0.3 % for the function's lines.",
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
        "1.43 s where lists took 1.13.",
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
        _single(*(area2 for _, area2 in _SECONDS["pyopencl"])),
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
        "numba.vectorize makes threads of one decorator: two are nearly twice as fast. In 2017 "
        "the scaling wasn't great: 1, 2, 4, 8 and 14 threads were 100, 88, 63, 57 and 47 % "
        "efficient.",
        _scaled("vectorize-parallel", NUMBA_NUM_THREADS="14"),
        _single(),
        claims=[Faster("vectorize-parallel", "vectorize-parallel 2", 1.5)],
        differs="The talk's points are float32, and it computes in float64, as `real = 0` makes "
        "it; here both are float64, and float32 in the second table.",
    ),
    10: Slide(
        "multiprocessing",
        "Both pools compute by the same kernel. Rows come back as lists, of which each number is "
        "pickled and made anew: beyond a few processes that costs what they gain (in 2017 the "
        "efficiency fell to 20 %: not very suited to multiprocessing). Arrays come back as they "
        "lie in memory.",
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
        differs="3000² is the program's size. The deck's table is of 32k² (`--size 32768 32768`): "
        "4, 8, 16, 32 threads took 1110, 620, 342, 179 s; 4, 8, 16, 32, 64 ranks took 838, 341, "
        "211, 105, 94 s, on 1, 1, 4, 4, 10 nodes.",
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
    13: Slide(
        "the summary",
        "Compile all loops, and think about the algorithm: 75 times as fast on area 1, 64 on area "
        "2, by whichever compiler. A GPU gains most where there is most to compute: 228 and 3047.",
        *_areas(*(name for name in _SECONDS if name != "python-inline")),
        claims=[Faster("python", "numba", 20), Faster("numba", "pyopencl")],
        differs="By OpenCL the talk computes in single precision: slide 7 has both. Without a GPU "
        "it runs on the processor, by PoCL.",
    ),
}
TALK = Talk(
    "Python in HPC, NIH HPC: profile_and_optimize_mandelbrot",
    "GitHub: NIH-HPC/python-in-hpc",
    "14 cores and one K80; the deck of 2017, the notebook of 2020 with Python 3.6",
    SLIDES,
)
