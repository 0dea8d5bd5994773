"""What judges share: arrays compared, notes of processes, a communicator that is watched."""

from __future__ import annotations

import operator
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hpcpy_common.errors import HpcpyError

MESSAGES = {
    *("send", "Send", "ssend", "Ssend", "bsend", "Bsend", "isend", "Isend", "issend", "Issend"),
    *("recv", "Recv", "irecv", "Irecv", "sendrecv", "Sendrecv"),
}
TO_ALL = {
    *("allgather", "Allgather", "Allgatherv", "allreduce", "Allreduce"),
    *("bcast", "Bcast", "alltoall", "Alltoall", "Alltoallv"),
}
_WAIT_SECONDS = 10.0
_WAITED = set[str]()


def kind(answer: Any, function: str = "compute") -> str:
    """Return in words what kind of object an answer is."""
    if answer is None:
        return f"{function} returns nothing"
    if getattr(answer, "shape", ()):
        return f"the answer is an array of {answer.dtype} of shape {answer.shape}"
    return f"the answer is {type(answer).__name__}"


def number(
    answer: Any, want: type[int | float], function: str = "compute", comm: Any = None
) -> Any:
    """Return a number, of NumPy's or whose ever, as Python's own; raise what else it is.

    Of several ranks the one is named.
    """
    convert, method = (operator.index, "__index__") if want is int else (float, "__float__")
    if getattr(answer, "shape", ()) or not hasattr(type(answer), method):
        raise HpcpyError(f"{on_rank(comm)}{kind(answer, function)}, not {want.__name__}")
    return convert(answer)


def difference(answer: Any, want: Any, function: str = "compute") -> str:
    """Name the first element in which an array is not the expected one, or return ""."""
    import numpy as np  # noqa: PLC0415

    if answer is None:
        return f"{kind(answer, function)}: return the array"
    # What a class of the student's says of itself counts for nothing.
    if issubclass(type(answer), np.ndarray):
        answer = np.ndarray.view(answer, np.ndarray)
    if type(answer) is not np.ndarray or (answer.dtype, answer.shape) != (want.dtype, want.shape):
        return f"{kind(answer)}, not of {want.dtype} of shape {want.shape}"
    places = np.argwhere(answer != want)
    if not len(places):
        return ""
    place = tuple(places[0].tolist())
    return f"{[*place]} is {answer[place]}, not {want[place]}; wrong: {len(places)} of {want.size}"


def plain(answer: Any) -> Any:
    """Return lists and Python's own numbers in place of tuples, arrays and NumPy's numbers."""
    answer = answer.tolist() if hasattr(answer, "tolist") else answer
    return [*map(plain, answer)] if isinstance(answer, (list, tuple)) else answer


def no_dataset(file: Any, name: str) -> str:
    """Say that an HDF5 file has no dataset of this name, and what it has instead."""
    import h5py  # noqa: PLC0415

    if name not in file:
        return f"the file has no dataset {name}, but {', '.join(file) or 'nothing'}"
    if isinstance(file[name], h5py.Dataset):
        return ""
    return f"{name} is a group of datasets: make it one dataset of all arrays"


def plate_and_step(shape: tuple[int, int], r: float = 0.25) -> tuple[Any, Any]:
    """Return a plate and the plate one step later.

    Its numbers are small and whole: every order of adding gives the same bits.
    """
    import numpy as np  # noqa: PLC0415

    old = (np.arange(float(shape[0] * shape[1])) ** 2 % 97).reshape(shape)
    return old, stepped(old, r)


def wrong_r(answer: Any, old: Any, r: float) -> str:
    """Say that a step is wrong as it would be right for r = 1/4, where it is the neighbours' mean.

    It is judged for 1/4 first, then for another r.
    """
    if difference(answer, stepped(old)):
        return f"for r = {r} "
    return f"the step is that of r = 0.25, whatever r is: use r, here {r}: "


def stepped(old: Any, r: float = 0.25) -> Any:
    """Return a plate one step later."""
    new, inner = old.copy(), old[1:-1, 1:-1]
    around = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
    new[1:-1, 1:-1] = inner + r * (around - 4 * inner)
    return new


def lines_run(module: Any, call: Callable[[], Any]) -> tuple[Any, int]:
    """Return what a call gives, and how many lines of the student's file ran in it."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace if frame.f_code.co_filename == module.__file__ else None

    sys.settrace(trace)
    threading.settrace(trace)
    try:
        answer = call()
    finally:
        sys.settrace(None)
        threading.settrace(None)
    return answer, lines


def note(text: str) -> None:
    """Write a line into the notes of this process; they lie in the folder of the check."""
    with (Path(tempfile.gettempdir()) / f"{os.getpid()}.notes").open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def noted(word: str) -> list[tuple[int, str]]:
    """Return the process and the rest of each note that begins with a word."""
    return [
        (int(file.stem), line.removeprefix(word).strip())
        for file in Path(tempfile.gettempdir()).glob("*.notes")
        for line in file.read_text("utf-8").splitlines()
        if line.split()[0] == word
    ]


def wait_for_others(word: str, workers: int) -> None:
    """Wait in a worker, at its first job, until so many processes have noted a word.

    On a busy machine the first one would otherwise have done all jobs before others begin.
    """
    from multiprocessing import parent_process  # noqa: PLC0415

    if parent_process() is None or word in _WAITED:
        return
    _WAITED.add(word)
    end = time.monotonic() + _WAIT_SECONDS
    while len({process for process, _ in noted(word)}) < workers and time.monotonic() < end:
        time.sleep(0.01)


def other_number(word: str, workers: int) -> str:
    """Say that another number of processes has noted a word."""
    number = len({process for process, _ in noted(word)})
    if number == workers:
        return ""
    return f"by {number} process{'es' if number > 1 else ''}, not by `workers`, here {workers}"


def on_rank(comm: Any) -> str:
    """Return how a message begins that is about this rank alone; "" where it is the only one."""
    return f"on rank {comm.rank} " if comm and comm.size > 1 else ""


def world() -> Any:
    """Return the communicator of all ranks."""
    from mpi4py import MPI  # noqa: PLC0415

    return MPI.COMM_WORLD


def watched(comm: Any, used: set[str], sent: list[Any] | None = None) -> Any:
    """Return a duplicate communicator that notes in `used` which attributes are read.

    With one communicator for both, a rank that has returned would answer the student's
    messages by the judge's. The requests of its Isend are added to `sent`.
    """

    class Watched(type(comm)):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            used.add(name)
            return super().__getattribute__(name)

        def Isend(self, *args: Any, **options: Any) -> Any:  # noqa: N802
            request = super().Isend(*args, **options)
            if sent is not None:
                sent.append(request)
            return request

    return Watched(comm.Dup())


def counted(comm: Any, moved: dict[str, int]) -> Any:
    """Return a duplicate that notes in `moved` the most bytes that a method's calls have had."""

    class Counted(type(comm)):  # type: ignore[misc]
        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            if not callable(value):
                return value

            def call(*args: Any, **options: Any) -> Any:
                answer = value(*args, **options)
                size = sum(map(_bytes, (*args, *options.values(), answer)))
                moved[name] = max(moved.get(name, 0), size)
                return answer

            return call

    return Counted(comm.Dup())


def _bytes(thing: Any) -> int:
    """Return the size of the arrays and bytes in an object, and in the lists in it."""
    if isinstance(thing, (list, tuple)):
        return sum(map(_bytes, thing))
    if isinstance(thing, dict):
        return _bytes([*thing.values()])
    if isinstance(thing, float):
        return 8
    return int(getattr(thing, "nbytes", len(thing) if isinstance(thing, (bytes, bytearray)) else 0))


def missing(comm: Any, used: set[str], call: str, reason: str = "", what: str = "") -> str:
    """Say that this rank communicated not at all, or for some reason not by this call.

    The reason may be that it moved `what` by more than one call, or to more ranks.
    """
    # Also what only begins it, and what takes unequal shares or one buffer.
    names = call, f"{call}v", f"{call}_replace"
    if comm.size == 1 or used & {each for name in names for each in (name, f"I{name.lower()}")}:
        return ""
    if used <= {"rank", "size", "Get_rank", "Get_size"}:
        return f"rank {comm.rank} returned without comm.{call}, which every rank must call"
    if what and (to_all := used & TO_ALL):
        reason = f"{min(to_all)} sends all {what} to every rank"
    elif what and used & MESSAGES:
        reason = "a loop of messages does what one call can"
    return f"rank {comm.rank} did not call comm.{call}: {reason}" if reason else ""


@contextmanager
def gathered(comm: Any) -> Iterator[None]:
    """Explain a TypeError of a rank that works with what gather returned to it."""
    try:
        yield
    except TypeError as error:
        if not comm.rank or "NoneType" not in str(error):
            raise
        why = "gather returns None on all ranks but 0: test comm.rank"
        raise HpcpyError(f"rank {comm.rank}: {error}: {why}") from error


def on_first(comm: Any, answer: Any, want: Any) -> str:
    """Compare an array on rank 0; the other ranks have None."""
    if comm.rank:
        return "" if answer is None else f"on rank {comm.rank} {kind(answer)}, not None"
    return difference(answer, want)


def common_numbers(comm: Any) -> Any:
    """Return a generator of random numbers, the same on each rank and in each run of the check.

    Ranks wait here for each other: what follows may have a limit of time.
    """
    import numpy as np  # noqa: PLC0415

    comm.Barrier()
    return np.random.default_rng([1822, comm.size])
