"""USC's workshop, "High-Performance Computing with Python": writing many arrays.

The numbers count its slides from the title on.  Its seconds are those of whole programs
under a profiler, the seconds here those of the writing alone.
"""

from __future__ import annotations

from workloads.talk.claims import Noted, Trend, about, alike, faster, no_faster
from workloads.talk.slides import Experiment, Key, Slide, Talk, times

_WHOLE = "The talk's seconds are of a whole program under a profiler; here, of the writing."
_READ_OFF = "The talk's figures are read off its picture."
_SMALL = "1,000 arrays of 100²"
_LARGE = "100 arrays of 1,000²"


def _write(n: int, told: dict[str, float | None], workers: int = 1, ranks: int = 1) -> Experiment:
    words = ("write", "-n", str(n), "--impl", ",".join(told))
    return Experiment(words, times(told, workers), ranks, f"{n:,} arrays of 100²")


def _by_workers(
    told: dict[str, dict[int, float | None]], n: int = 1_000, side: int = 100, ranks: int = 1
) -> Experiment:
    counts = next(iter(told.values()))
    return Experiment(
        _scale(n, side, [*told], [*counts]),
        {(name, count): seconds for name, of in told.items() for count, seconds in of.items()},
        ranks,
        f"{n:,} arrays of {side:,}²",
    )


def _speed_ups(n: int, side: int, name: str, told: dict[int, float], ranks: int = 1) -> Experiment:
    times_ = {(name, count): many for count, many in told.items()}
    nothing: dict[Key, float | None] = dict.fromkeys(times_)
    title = f"{name}, {n:,} arrays of {side:,}²"
    return Experiment(_scale(n, side, [name], [*told]), nothing, ranks, title, times=times_)


def _scale(n: int, side: int, names: list[str], counts: list[int]) -> tuple[str, ...]:
    size = ("-n", str(n)) if side == 100 else ("-n", str(n), "-s", str(side))
    return ("write", *size, "--impl", ",".join(names), "--scale", ",".join(map(str, counts)))


def _files_or_one(side: int, gain: float) -> Experiment:
    words = ("write", "-n", "200", "-s", str(side), "--impl", "npy,hdf5")
    told = times({"npy": None, "hdf5": None})
    gains = {("npy", 1): 1.0, ("hdf5", 1): gain}
    return Experiment(words, told, title=f"200 arrays of {side:,}²", times=gains)


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
            claims=(faster(("loops", 1), ("vectorized", 1), 2),),
        ),
        Slide(
            13,
            "text or binary",
            "What savetxt formats, np.save writes as it lies in memory: less time, a third of the "
            "bytes.",
            (_write(100, {"vectorized": 1.4, "npy": 0.46}),),
            _WHOLE,
            claims=(faster(("vectorized", 1), ("npy", 1), 2),),
        ),
        Slide(
            14,
            "waiting for open",
            "40 % of the talk's time was opening files: each asks a shared file system's server. "
            "One file is opened once.",
            (_write(100, {"npy": 0.46, "hdf5": None}),),
            _WHOLE,
            claims=(
                Noted(("npy", 1), "of it opens files", 40),
                faster(("npy", 1), ("hdf5", 1)),
            ),
        ),
        Slide(
            23,
            "a pool that is no faster",
            "Pool.apply waits for each task, and each task carries arrays that never change: three "
            "workers are slower than one. A pool that gets numbers alone is faster.",
            (_by_workers({"pool-apply": {1: 6.7, 3: 7.6}, "multiprocessing": {1: None, 3: None}}),),
            _WHOLE,
            claims=(
                no_faster(("pool-apply", 1), ("pool-apply", 3)),
                faster(("pool-apply", 3), ("multiprocessing", 3)),
            ),
        ),
        Slide(
            28,
            "a queue",
            "Workers that keep what does not change and take numbers from a queue.",
            (_by_workers({"pool-apply": {1: 6.7, 3: 7.6}, "queue": {1: 5.4, 3: 2.8}}),),
            _WHOLE,
            claims=(
                faster(("queue", 1), ("queue", 3)),
                faster(("pool-apply", 3), ("queue", 3)),
            ),
        ),
        Slide(
            31,
            "larger files",
            "The more there is to write, the less the start counts, and the more even the shares.",
            (
                _by_workers({"queue": {1: None, 3: None}}),
                _by_workers({"queue": {1: None, 3: None}}, side=500),
            ),
            claims=(Trend(("queue", 1), ("queue", 3), falls=False),),
        ),
        Slide(
            32,
            "the queue's speed-up",
            "16 workers are 1.5 times as fast with small files, 9 times with large ones.",
            (
                _speed_ups(100, 100, "queue", {1: 1.0, 2: 1.23, 4: 1.36, 16: 1.51}),
                _speed_ups(100, 1_000, "queue", {1: 1.0, 2: 1.95, 4: 3.6, 16: 9.2}),
            ),
            f"{_READ_OFF} Here the start is not timed.",
            claims=(Trend(("queue", 1), ("queue", 16), falls=False),),
        ),
        Slide(
            35,
            "MPI, Send and Recv",
            "Rank 0 sends each rank its numbers; every rank computes and writes its own arrays.",
            (
                Experiment(
                    ("write", "-n", "1000", "--impl", "npy,mpi-chunks"),
                    {("npy", 1): 5.46, ("mpi-chunks", 4): None},
                    4,
                    _SMALL,
                ),
            ),
            _WHOLE,
            claims=(faster(("npy", 1), ("mpi-chunks", 4)),),
        ),
        Slide(
            37,
            "the speed-up of Send and Recv",
            "Two ranks gain nothing in the talk, four twice.",
            (_speed_ups(100, 1_000, "mpi-chunks", {1: 1.0, 2: 1.03, 4: 2.05}, 4),),
            f"{_READ_OFF} The picture does not tell how many arrays.",
            claims=(faster(("mpi-chunks", 1), ("mpi-chunks", 4), 1.5),),
        ),
        Slide(
            38,
            "MPI, Scatter",
            "One call in place of the loop of messages, and better speed-ups.",
            (
                _speed_ups(100, 1_000, "mpi-scatter", {1: 1.0, 2: 1.76, 4: 3.4}, 4),
                _speed_ups(100, 1_000, "mpi-chunks", {1: 1.0, 2: 1.03, 4: 2.05}, 4),
            ),
            f"{_READ_OFF} The picture does not tell how many arrays.",
            claims=(
                faster(("mpi-scatter", 1), ("mpi-scatter", 2), 1.5),
                faster(("mpi-chunks", 4), ("mpi-scatter", 4)),
            ),
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
                    title="read back in an order drawn at random",
                ),
            ),
            _WHOLE,
            claims=(about(("npy", 1), ("hdf5", 1), 2.1, _SMALL),),
        ),
        Slide(
            43,
            "HDF5 and larger arrays",
            "The larger the arrays, the less one file gains: opening many counts less.",
            (_files_or_one(500, 1.63), _files_or_one(1_000, 1.18)),
            _READ_OFF,
            claims=(Trend(("npy", 1), ("hdf5", 1), falls=True),),
        ),
        Slide(
            45,
            "one file by all ranks",
            "A bit faster with few ranks, and more to install: worth it where one file is what you "
            "need.",
            (
                _by_workers(
                    {
                        "mpi-scatter": {1: 470.0, 2: 251.0, 4: 111.0},
                        "hdf5-parallel": {1: 403.0, 2: 207.0, 4: 112.0},
                    },
                    n=100,
                    side=1_000,
                    ranks=4,
                ),
            ),
            f"{_READ_OFF} The picture does not tell how many arrays. Here they are {_LARGE}.",
            claims=(
                faster(("mpi-scatter", 1), ("hdf5-parallel", 1)),
                alike(("mpi-scatter", 4), ("hdf5-parallel", 4)),
            ),
        ),
    ),
)
