"""NIH HPC, "Python in HPC": the Mandelbrot set climbed from pure Python to parallel code.

The numbers are those of the notebook's implementations; 11 is its MPI program.
"""

from __future__ import annotations

from workloads.talk.slides import Experiment, Key, Slide, Talk, scaled, times

# The talk's seconds for its two areas.
_PYTHON = (6.04, 130.0)
_HERE_DOUBLE = (
    "The talk computes in single precision, here it is double; "
    "`mandel --area area2-single --impl all` is single."
)


def _areas(name: str, first: float | None, second: float | None) -> tuple[Experiment, Experiment]:
    names = "python" if name == "python" else f"python,{name}"

    def one(area: int, told: float | None) -> Experiment:
        words = ("mandel", "--area", f"area{area}", "--impl", names)
        return Experiment(
            words, times({"python": _PYTHON[area - 1], name: told}), title=f"area {area}"
        )

    # Pure Python computes a sample of area 2's rows, here as for any slow technique.
    return one(1, first), one(2, second)


def _scaled(name: str, told: dict[int, float | None]) -> Experiment:
    found: dict[Key, float | None] = scaled(name, told)
    scale = ",".join(map(str, told))
    words = ("mandel", "--area", "area2", "--impl", name, "--scale", scale)
    # Numba starts no more threads than cores, unless it is told before its import.
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
            "25 million calls of a small function and of abs: the profile shows where.",
            _areas("python", *_PYTHON),
        ),
        Slide(
            2,
            "numba on the inner function",
            "One decorator. What remains is the loops around it, which Python still executes.",
            _areas("numba-inner", 0.986, 9.71),
        ),
        Slide(
            3,
            "NumPy's arrays, looped over by Python",
            "An array that Python takes apart number by number is slower than a list: the talk "
            "took 1.3 s where lists took 0.986.",
            _areas("numpy-loops", None, None),
            "The talk's inner function is compiled already, here nothing is.",
        ),
        Slide(
            4,
            "numba on both functions",
            "Once the loops are compiled, too, nothing of Python is left in them.",
            _areas("numba-complex", 0.387, 9.14),
        ),
        Slide(
            5,
            "a better algorithm",
            "Squares are computed once, and no square root: four times, by no tool at all.",
            _areas("numba", 0.102, 2.64),
        ),
        Slide(
            6,
            "Cython",
            "The same loop in C is as fast as numba's: choose by what you maintain.",
            _areas("cython", 0.101, 2.58),
        ),
        Slide(
            7,
            "OpenCL",
            "A GPU computes all points at once.",
            _areas("pyopencl", 0.0162, 0.0364),
            f"{_HERE_DOUBLE} Without a GPU it runs on the processor, by PoCL.",
        ),
        Slide(
            8,
            "Fortran by f2py",
            "As fast as numba and Cython: the same instructions.",
            _areas("f2py", 0.107, 2.62),
        ),
        Slide(
            9,
            "a parallel ufunc",
            "numba.vectorize makes threads of one decorator.",
            (_scaled("vectorize-parallel", {1: 2.71, 2: 1.36, 4: 0.679, 8: 0.358, 14: 0.244}),),
            _HERE_DOUBLE,
        ),
        Slide(
            10,
            "multiprocessing",
            "Each row's answer is sent back: beyond a few processes that costs what they gain.",
            (_scaled("multiprocessing", {1: 3.03, 2: 1.66, 4: 1.04, 8: 0.764, 14: 0.818}),),
            "Here a process computes by vector instructions, and returns several rows as an array.",
        ),
        Slide(
            11,
            "MPI, blocks of rows",
            "Rows are shared out by Scan, and come back by Gatherv. Neighbouring rows take about "
            "as long, so that a rank with the set's inside is the last.",
            (
                Experiment(
                    ("mandel", "--area", "area2", "--size", "3000", "3000", "--impl", "mpi-block"),
                    times({"mpi-block": None}, 4),
                    ranks=4,
                    title="area 2, 3,000 × 3,000",
                ),
            ),
        ),
    ),
)
