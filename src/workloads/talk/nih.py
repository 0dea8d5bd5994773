"""NIH HPC, "Python in HPC": the Mandelbrot set climbed from pure Python to parallel code.

The numbers are those of the notebook's implementations; 11 and 12 are the MPI programs
that lie beside it.
"""

from __future__ import annotations

from workloads.talk.claims import TooMany, about, alike, faster
from workloads.talk.slides import Experiment, Key, Slide, Talk, scaled, times

# The talk's seconds for its two areas.
_TOLD: dict[str, tuple[float, float] | tuple[None, None]] = {
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
_SINGLE = "The talk computes in single precision; here that is a table of its own."
# The hash of area 2 at 3,000 × 3,000: simd, f2py, numba and vectorize agree on it.
_SHA256_3000 = "9c7dbadf74c49393304475e4ef73cd219dc1337a10c9f9f4bc682cc64442d070"


def _areas(*names: str) -> tuple[Experiment, Experiment]:
    def one(area: int) -> Experiment:
        words = ("mandel", "--area", f"area{area}", "--impl", ",".join(names))
        told = times({name: _TOLD[name][area - 1] for name in names})
        return Experiment(words, told, title=f"area {area}")

    # A slow technique computes a sample of area 2's rows.
    return one(1), one(2)


def _single(opencl: float | None = None) -> Experiment:
    told = {"numba-single": None, "pyopencl-single": opencl}
    words = ("mandel", "--area", "area2-single", "--impl", ",".join(told))
    return Experiment(words, times(told), title="area 2 in single precision")


def _scaled(name: str, told: dict[int, float | None]) -> Experiment:
    found: dict[Key, float | None] = scaled(name, told)
    scale = ",".join(map(str, told))
    words = ("mandel", "--area", "area2", "--impl", name, "--scale", scale)
    # Numba starts at most 8 threads, or one for each core if there are more
    # (bench/jit.py), unless the variable is set before its import.
    threads = {"NUMBA_NUM_THREADS": str(max(told))} if name == "vectorize-parallel" else {}
    return Experiment(words, found, title="area 2", environment=threads)


TALK = Talk(
    title="Python in HPC, NIH HPC: profile_and_optimize_mandelbrot",
    source="GitHub: NIH-HPC/python-in-hpc",
    machine="14 cores and one K80, Python 3.6",
    slides=(
        Slide(
            1,
            "pure Python",
            "25 million calls of a small function and of abs: the profile shows where. Without "
            "the calls it is faster.",
            _areas("python", "python-inline"),
            claims=(faster(("python", 1), ("python-inline", 1)),),
        ),
        Slide(
            2,
            "numba on the inner function",
            "One decorator. What remains is the loops around it, which Python still executes.",
            _areas("python", "numba-inner"),
            claims=(faster(("python", 1), ("numba-inner", 1)),),
        ),
        Slide(
            3,
            "NumPy's arrays, looped over by Python",
            "An array that Python takes apart number by number is slower than a list: the talk "
            "took 1.3 s where lists took 0.986.",
            _areas("numba-inner", "numpy-loops"),
            claims=(faster(("numpy-loops", 1), ("numba-inner", 1)),),
        ),
        Slide(
            4,
            "numba on both functions",
            "Once the loops are compiled, too, nothing of Python is left in them.",
            _areas("python", "numba-inner", "numba-complex"),
            claims=(faster(("numba-inner", 1), ("numba-complex", 1)),),
        ),
        Slide(
            5,
            "a better algorithm",
            "Squares are computed once, and no square root: four times, by no tool at all.",
            _areas("python", "numba-complex", "numba"),
            claims=(about(("numba-complex", 1), ("numba", 1), 4),),
        ),
        Slide(
            6,
            "Cython",
            "The same loop in C is as fast as numba's: choose by what you maintain.",
            _areas("python", "numba", "cython"),
            claims=(alike(("numba", 1), ("cython", 1)),),
        ),
        Slide(
            7,
            "OpenCL",
            "A GPU computes all points at once.",
            (*_areas("python", "numba", "pyopencl"), _single(_TOLD["pyopencl"][1])),
            f"{_SINGLE} Without a GPU it runs on the processor, by PoCL.",
            claims=(faster(("numba", 1), ("pyopencl", 1), 5),),
        ),
        Slide(
            8,
            "Fortran by f2py",
            "As fast as numba and Cython: the same instructions.",
            _areas("python", "numba", "cython", "f2py"),
            claims=(
                alike(("numba", 1), ("f2py", 1)),
                alike(("cython", 1), ("f2py", 1)),
            ),
        ),
        Slide(
            9,
            "a parallel ufunc",
            "numba.vectorize makes threads of one decorator: two are nearly twice as fast.",
            (
                _scaled("vectorize-parallel", {1: 2.71, 2: 1.36, 4: 0.679, 8: 0.358, 14: 0.244}),
                _single(),
            ),
            _SINGLE,
            claims=(faster(("vectorize-parallel", 1), ("vectorize-parallel", 2), 1.5),),
        ),
        Slide(
            10,
            "multiprocessing",
            "Rows come back as lists, number by number: beyond a few processes that costs what "
            "they gain. Arrays come back as they lie in memory.",
            (
                _scaled("multiprocessing-lists", {1: 3.03, 2: 1.66, 4: 1.04, 8: 0.764, 14: 0.818}),
                _scaled("multiprocessing", {1: None, 2: None, 4: None, 8: None, 14: None}),
            ),
            "By arrays a process computes by vector instructions, too.",
            claims=(
                TooMany([("multiprocessing-lists", count) for count in (1, 2, 4, 8, 14)]),
                faster(("multiprocessing-lists", 14), ("multiprocessing", 14), 2),
            ),
        ),
        Slide(
            11,
            "MPI, blocks of rows",
            "Rows are shared out by Scan, and come back by Gatherv. Neighbouring rows take about "
            "as long, so that a rank with the set's inside is the last; every n-th row is fairer.",
            (
                Experiment(
                    (
                        "mandel",
                        "--area",
                        "area2",
                        "--size",
                        "3000",
                        "3000",
                        "--impl",
                        "mpi-block,mpi-cyclic",
                    ),
                    times({"mpi-block": None, "mpi-cyclic": None}, 4),
                    ranks=4,
                    title="area 2, 3,000 × 3,000",
                    sha256=_SHA256_3000,
                ),
            ),
            claims=(faster(("mpi-block", 4), ("mpi-cyclic", 4)),),
        ),
        Slide(
            12,
            "MPI, Send and Recv of an array",
            "Send takes the array's memory; send would pickle it first.",
            (
                Experiment(
                    (
                        "p2p",
                        "--pattern",
                        "ping-pong",
                        "--sizes",
                        "400",
                        "--times",
                        "1000",
                        "--impl",
                        "mpi-lower,mpi-upper",
                    ),
                    times({"mpi-lower": None, "mpi-upper": None}, 2),
                    ranks=2,
                    title="1,000 times 100 integers, to and fro",
                ),
            ),
            "The talk sends one message, and has no clock.",
            claims=(faster(("mpi-lower", 2), ("mpi-upper", 2)),),
        ),
    ),
)
