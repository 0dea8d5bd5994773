"""USC's workshop, "High-Performance Computing with Python": writing many arrays.

The numbers count its slides from the title on.  Its seconds are those of whole programs
under a profiler, the seconds here those of the writing alone.
"""

from __future__ import annotations

from workloads.talk.claims import NO_FASTER, SAME, Faster, Trend
from workloads.talk.slides import Experiment, Slide, Talk, by_workers

_WHOLE = "The talk's seconds are of a whole program under a profiler; here, of the writing."
_READ_OFF = "The talk's figures are read off its picture."
_UNKNOWN = f"{_READ_OFF} The picture does not tell how many arrays."


def _gains(name: str, by_count: dict[int, float], side: int = 1_000, ranks: int = 1) -> Experiment:
    command = f"write -n 100 -s {side} --impl {name} --scale {','.join(map(str, by_count))}"
    figures = by_workers(name, by_count)
    title = f"100 arrays of {side:,}² by {name}"
    return Experiment(command, figures, title, ranks, are_gains=True)


SLIDES = {
    11: Slide(
        "loops or NumPy",
        "A call for each of a million values takes most of the time; NumPy takes them at once.",
        Experiment("write -n 100 --impl loops,vectorized", {"loops": 4.8, "vectorized": 1.4}),
        claims=[Faster("loops", "vectorized", 2)],
        differs=_WHOLE,
    ),
    13: Slide(
        "text or binary",
        "What savetxt formats, np.save writes as it lies in memory: less time, fewer bytes.",
        Experiment("write -n 100 --impl vectorized,npy", {"vectorized": 1.4, "npy": 0.46}),
        claims=[Faster("vectorized", "npy", 2)],
        differs=_WHOLE,
    ),
    14: Slide(
        "waiting for open",
        "40 % of the talk's time was opening files: each asks a shared file system's server. One "
        "file is opened once.",
        Experiment("write -n 100 --impl npy,hdf5", {"npy": 0.46, "hdf5": None}),
        claims=[Faster("npy", "hdf5")],
        differs=_WHOLE,
    ),
    23: Slide(
        "a pool that is no faster",
        "Pool.apply waits for each task, and each task carries arrays that never change: three "
        "workers are slower than one. A pool that gets numbers alone is faster. This is data "
        "parallelism, the same work on parts of the data; task parallelism is other work at the "
        "same time.",
        Experiment(
            "write -n 1000 --impl pool-apply,multiprocessing --scale 1,3",
            {"pool-apply": 6.7, "pool-apply 3": 7.6}
            | {"multiprocessing": None, "multiprocessing 3": None},
        ),
        claims=[
            Faster("pool-apply", "pool-apply 3", *NO_FASTER),
            Faster("pool-apply 3", "multiprocessing 3"),
        ],
        differs="In 2021 the talk took about 0.3 s for 100 arrays (`-n 100`), with 1 worker and "
        f"with 3; the seconds above are of 2022. {_WHOLE}",
    ),
    28: Slide(
        "a queue",
        "Workers that keep what does not change and take numbers from a queue.",
        Experiment(
            "write -n 1000 --impl pool-apply,queue --scale 1,3",
            {"pool-apply": 6.7, "pool-apply 3": 7.6, "queue": 5.4, "queue 3": 2.8},
        ),
        claims=[Faster("queue", "queue 3"), Faster("pool-apply 3", "queue 3")],
        differs=_WHOLE,
    ),
    31: Slide(
        "larger files",
        "The more there is to write, the less the start counts, and the more even the shares.",
        *(
            Experiment(
                f"write -n 1000 -s {side} --impl queue --scale 1,3",
                {"queue": None, "queue 3": None},
                f"1,000 arrays of {side}²",
            )
            for side in (100, 500)
        ),
        claims=[Trend("queue", "queue 3", falls=False)],
        differs="Here the start is not timed.",
    ),
    32: Slide(
        "the queue's speed-up",
        "16 workers are 1.5 times as fast with small files, 9 times with large ones.",
        _gains("queue", {1: 1.0, 2: 1.23, 4: 1.36, 16: 1.51}, 100),
        _gains("queue", {1: 1.0, 2: 1.95, 4: 3.6, 16: 9.2}),
        claims=[Trend("queue", "queue 16", falls=False)],
        differs=f"{_READ_OFF} Here the start is not timed.",
    ),
    35: Slide(
        "MPI, Send and Recv",
        "Rank 0 sends each rank its numbers; every rank computes and writes its own arrays.",
        Experiment(
            "write -n 1000 --impl npy,mpi-chunks", {"npy": 5.46, "mpi-chunks 4": None}, ranks=4
        ),
        claims=[Faster("npy", "mpi-chunks 4")],
        differs=_WHOLE,
    ),
    38: Slide(
        "MPI, Scatter",
        "One call in place of the loop of messages, and better speed-ups. By Send and Recv two "
        "ranks gain nothing in the talk (slide 37), four twice.",
        _gains("mpi-scatter", {1: 1.0, 2: 1.76, 4: 3.4}, ranks=4),
        _gains("mpi-chunks", {1: 1.0, 2: 1.03, 4: 2.05}, ranks=4),
        claims=[
            Faster("mpi-scatter", "mpi-scatter 2", 1.5),
            Faster("mpi-chunks", "mpi-chunks 4", 1.5),
            Faster("mpi-chunks 4", "mpi-scatter 4"),
        ],
        differs=_UNKNOWN,
    ),
    42: Slide(
        "one file by HDF5",
        "One file, a name for each array: no thousand files to open, list and copy.",
        Experiment("write -n 1000 --impl npy,hdf5", {"npy": 5.46, "hdf5": 2.54}, "written"),
        Experiment(
            "read -n 1000 --impl npy,hdf5",
            {"npy": None, "hdf5": None},
            "read back in an order drawn at random",
        ),
        claims=[Faster("npy", "hdf5", 1.05, of="written")],
        differs=_WHOLE,
    ),
    43: Slide(
        "HDF5 and larger arrays",
        "The larger the arrays, the less one file gains: opening many counts less.",
        *(
            Experiment(
                f"write -n 200 -s {side} --impl npy,hdf5",
                {"npy": 1.0, "hdf5": gain},
                f"200 arrays of {side:,}²",
                are_gains=True,
            )
            for side, gain in ((500, 1.63), (1_000, 1.18))
        ),
        claims=[Trend("npy", "hdf5", falls=True)],
        differs=_READ_OFF,
    ),
    45: Slide(
        "one file by all ranks",
        "A bit faster with few ranks, and more to install: for those who need one file.",
        Experiment(
            "write -n 100 -s 1000 --impl mpi-scatter,hdf5-parallel --scale 1,2,4",
            by_workers("mpi-scatter", {1: 470.0, 2: 251.0, 4: 111.0})
            | by_workers("hdf5-parallel", {1: 403.0, 2: 207.0, 4: 112.0}),
            ranks=4,
        ),
        claims=[
            Faster("mpi-scatter", "hdf5-parallel"),
            Faster("mpi-scatter 4", "hdf5-parallel 4", *SAME),
        ],
        differs=f"{_UNKNOWN} Here they are 100 arrays of 1,000².",
    ),
}
TALK = Talk(
    "High-Performance Computing with Python, CARC at USC",
    "GitHub: uschpc/workshop-hpc-python",
    "a node of CARC's Discovery, Python 3.7, a shared file system",
    SLIDES,
)
