"""USC's workshop, "High-Performance Computing with Python": writing many arrays.

The numbers count its slides from the title on.  Its seconds are of whole programs
below a profiler; here they are of the writing alone.
"""

from __future__ import annotations

from workloads.talk.slides import Experiment, Slide, Talk, scaled, times

_WHOLE = "The talk's seconds are of a whole program below a profiler; here, of the writing."


def _write(n: int, told: dict[str, float | None], workers: int = 1, ranks: int = 1) -> Experiment:
    words = ("write", "-n", str(n), "--impl", ",".join(told))
    return Experiment(words, times(told, workers), ranks, f"{n:,} arrays of 100 × 100")


def _by_workers(name: str, told: dict[int, float | None]) -> Experiment:
    scale = ",".join(map(str, told))
    words = ("write", "-n", "1000", "--impl", name, "--scale", scale)
    return Experiment(words, scaled(name, told), title="1,000 arrays of 100 × 100")


TALK = Talk(
    title="High-Performance Computing with Python, CARC at USC",
    source="GitHub: uschpc/workshop-hpc-python",
    machine="a node of CARC's Discovery, Python 3.7, a shared file system",
    slides=(
        Slide(
            11,
            "loops or NumPy",
            "A call for each of a million values takes most of the time; NumPy takes them at once.",
            (_write(100, {"loops": 4.8, "vectorized": 1.4}),),
            _WHOLE,
        ),
        Slide(
            13,
            "text or binary",
            "What savetxt formats, np.save writes as it lies in memory: less time, a third of the "
            "bytes.",
            (_write(100, {"vectorized": 1.4, "npy": 0.46}),),
            _WHOLE,
        ),
        Slide(
            14,
            "waiting for open",
            "40 % of the talk's time was opening files: each asks a shared file system's server.",
            (_write(100, {"npy": 0.46}),),
            _WHOLE,
        ),
        Slide(
            23,
            "a pool that is no faster",
            "Pool.apply waits for each task, and each task carries arrays that never change: three "
            "workers are slower than one.",
            (_by_workers("pool-apply", {1: 6.7, 3: 7.6}),),
            _WHOLE,
        ),
        Slide(
            28,
            "a queue",
            "Workers that keep what does not change and take numbers from a queue.",
            (_by_workers("queue", {1: 5.4, 3: 2.8}),),
            _WHOLE,
        ),
        Slide(
            35,
            "MPI, Send and Recv",
            "Rank 0 sends each rank its numbers; every rank computes and writes its own arrays.",
            (_write(1_000, {"mpi-chunks": None}, workers=4, ranks=4),),
        ),
        Slide(
            38,
            "MPI, Scatter",
            "One call in place of the loop of messages.",
            (_write(1_000, {"mpi-scatter": None}, workers=4, ranks=4),),
        ),
        Slide(
            42,
            "one file by HDF5",
            "One file, a name for each array: no thousand files to open, list and copy.",
            (
                _write(1_000, {"npy": 5.46, "hdf5": 2.54}),
                Experiment(
                    ("read", "-n", "1000", "--impl", "npy,hdf5"),
                    times({"npy": None, "hdf5": None}),
                    title="read back by name, in an order drawn at random",
                ),
            ),
            f"{_WHOLE} On a local disk files are opened in microseconds; TMPDIR chooses another.",
        ),
        Slide(
            45,
            "one file by all ranks",
            "A bit faster, and more to install: worth it where one file is what you need.",
            (_write(1_000, {"mpi-scatter": None, "hdf5-parallel": None}, workers=4, ranks=4),),
        ),
    ),
)
