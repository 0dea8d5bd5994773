"""Several threads of a rank are in MPI at once: `mpiexec -n 2 python threads_of_ranks.py`.

Each case is two or three threads, each of which may wait for another one, of this or another
rank.  Prints each case that has not ended right, and the number of cases.  A thread that waits
for ever is told by the test, which runs this with a limit.
"""

import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from mpi4py import MPI

COMM = MPI.COMM_WORLD
RANK, SIZE = COMM.rank, COMM.size
NEXT, LAST = (RANK + 1) % SIZE, (RANK - 1) % SIZE
ROUNDS = 5
Work = Callable[[], object]


def together(*threads: Work) -> None:
    """Run functions in threads of their own; what one raises is raised here."""
    raised: list[BaseException] = []

    def run(work: Work) -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    started = [threading.Thread(target=run, args=(work,)) for work in threads]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    if raised:
        raise raised[0]


def sends(size: int, send: str, to: int, source: int, *, is_probed: bool) -> None:
    """Have one thread send, and another receive."""
    sent, got = np.full(size, RANK + 1, "u1"), np.zeros(size, "u1")

    def sender(tag: int) -> None:
        # The other thread is in MPI by then, most times.
        time.sleep(0.01)
        getattr(COMM, send)(sent, to, tag)

    def receiver(tag: int) -> None:
        got[:] = 0
        if is_probed:
            COMM.Mprobe(source, tag).Recv(got)
        else:
            COMM.Recv(got, source, tag)
        assert (got == source + 1).all()

    for tag in range(ROUNDS):
        together(partial(receiver, tag), partial(sender, tag))


def waits(size: int, to: int, source: int) -> None:
    """Have one thread wait for what another one has begun."""
    sent, got = np.full(size, RANK + 1, "u1"), np.zeros(size, "u1")
    for tag in range(ROUNDS):
        receive = COMM.Irecv(got, source, tag)
        together(receive.Wait, partial(COMM.Send, sent, to, tag))
        assert (got == source + 1).all()


def collectives(size: int) -> None:
    """Have each thread reduce on a communicator of its own."""
    twins = [COMM.Dup() for _ in range(3)]

    def reduce(twin: MPI.Comm, factor: int) -> None:
        mine, total = np.full(size, factor * (RANK + 1), "i8"), np.empty(size, "i8")
        for _ in range(ROUNDS):
            twin.Allreduce(mine, total)
            assert (total == factor * SIZE * (SIZE + 1) // 2).all()
            twin.Barrier()
            assert twin.bcast(factor if twin.rank == 0 else None) == factor

    together(*(partial(reduce, twin, number) for number, twin in enumerate(twins, 1)))
    for twin in twins:
        twin.Free()


def window() -> None:
    """Have threads add to the next rank's window, each to all of it and at a place of its own."""
    win = MPI.Win.Allocate(8 * 4, 8, comm=COMM)
    memory = np.frombuffer(win, "i8")
    memory[:] = 0
    COMM.Barrier()
    win.Lock_all()

    def add(place: int) -> None:
        one, before = np.ones(1, "i8"), np.empty(1, "i8")
        for round_ in range(ROUNDS):
            win.Accumulate(one, NEXT, target=0)
            win.Fetch_and_op(one, before, NEXT, place)
            win.Flush(NEXT)
            assert before[0] == round_

    together(*(partial(add, place) for place in (1, 2, 3)))
    win.Unlock_all()
    COMM.Barrier()
    assert list(memory) == [3 * ROUNDS, ROUNDS, ROUNDS, ROUNDS], memory
    win.Free()


def cases() -> dict[str, Work]:
    every: dict[str, Work] = {
        "collectives": partial(collectives, 10),
        "large collectives": partial(collectives, 100_000),
        "window": window,
    }
    for target, to, source in (("itself", RANK, RANK), ("the next", NEXT, LAST)):
        for size in (8, 60_000, 4_000_000):
            every[f"waits of {size} bytes to {target}"] = partial(waits, size, to, source)
            for send in ("Send", "Ssend"):
                name = f"{send} of {size} bytes to {target}"
                every[name] = partial(sends, size, send, to, source, is_probed=False)
                every[f"{name}, probed"] = partial(sends, size, send, to, source, is_probed=True)
    return every


def main() -> None:
    assert MPI.Query_thread() == MPI.THREAD_MULTIPLE
    chosen = cases()
    for name, work in chosen.items():
        # The test names the last case that has begun.
        print(f"begins: {name}", file=sys.stderr, flush=True)
        try:
            work()
        except Exception as error:
            print(f"rank {RANK} of {SIZE}: {name}: {error!r}", flush=True)
        COMM.Barrier()
    if RANK == 0:
        print(len(chosen), "cases", flush=True)


if __name__ == "__main__":
    main()
