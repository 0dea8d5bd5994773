"""What a file system gives one node: a look within bounds, in a folder that is removed.

Names that do not exist are looked up: no client has cached the answer for a name
that it never saw. Files are made, opened and removed. One file is written,
dropped from this node's memory, and read.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from workloads.errors import OutputError
from workloads.parallel import signals

LEAST_OPERATIONS = 200
_THREADS = (1, 2, 4, 8, 16, 32)
# Shares of all operations: files, each made, opened and removed; look-ups one by one.
_FILES, _ALONE = 0.05, 0.1
# Calls for the folder, made and removed, and for the large file, made, opened and removed.
_FEW = 5
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a probe may not exceed.

    Attributes
    ----------
    operations
        Calls with a path, including those that remove what the probe made.
    size
        Bytes that are written, and read again.
    seconds
        After these nothing more is begun; an operation that hangs is not ended.
    """

    operations: int
    size: int
    seconds: float


@dataclass(frozen=True)
class Probed:
    """What was found.

    Attributes
    ----------
    look_up, opening
        Median seconds of looking a name up, and of opening and closing a file, one by one.
    rate, threads
        The most look-ups a second from this node, and by how many threads.
    read
        Bytes a second when the large file is read.
    operations, size, seconds
        What the probe took: calls with a path, bytes written, and time.
    """

    look_up: float
    opening: float
    rate: float
    threads: int
    read: float
    operations: int
    size: int
    seconds: float

    def as_dict(self) -> dict[str, float]:
        """Return it for JSON."""
        return asdict(self)


class _Probe:
    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._begin = time.monotonic()
        self._names = 0
        # The folder has been made.
        self.operations = 1

    def _time_left(self) -> float:
        return self._begin + self._limits.seconds - time.monotonic()

    def _timed(self, count: int, once: Callable[[int], object]) -> list[float]:
        found: list[float] = []
        for number in range(count):
            if found and self._time_left() < 0:
                break
            begin = time.perf_counter()
            once(number)
            found.append(time.perf_counter() - begin)
        return found

    def look_ups(self, *counts: int) -> list[list[float]]:
        """Return the seconds of looking up names that do not exist: a thread for each count."""
        ends = list(itertools.accumulate(counts, initial=self._names))
        self._names = ends[-1]
        found: list[list[float]] = [[] for _ in counts]

        def some(thread: int) -> None:
            first, count = ends[thread], counts[thread]
            found[thread] = self._timed(
                count, lambda at: os.access(self._folder / f"a{first + at}", os.F_OK)
            )

        pool = [
            threading.Thread(target=some, args=(thread,), daemon=True)
            for thread in range(len(counts))
        ]
        for each in pool:
            each.start()
        for each in pool:
            each.join()
        self.operations += sum(map(len, found))
        return found

    def openings(self, count: int) -> list[float]:
        """Return the seconds of opening and closing small files."""
        paths = [self._folder / f"f{number}" for number in range(count)]
        made = len(self._timed(count, lambda at: paths[at].write_bytes(b"x")))
        found = self._timed(made, lambda at: os.close(os.open(paths[at], os.O_RDONLY)))
        for path in paths[:made]:
            path.unlink()
        self.operations += 2 * made + len(found)
        return found

    def at_once(self, threads: int, count: int) -> float:
        """Return look-ups a second by so many threads."""
        begin = time.perf_counter()
        found = self.look_ups(*[max(1, count // threads)] * threads)
        return sum(map(len, found)) / (time.perf_counter() - begin)

    def reading(self) -> tuple[float, int]:
        """Return bytes a second of reading a file that is not cached here, and its size."""
        path, block = self._folder / "large", os.urandom(_BLOCK)
        size = 0
        with path.open("wb", buffering=0) as file:
            while size < self._limits.size and (not size or self._time_left() > 0):
                size += file.write(block[: self._limits.size - size])
            os.fsync(file.fileno())
        read = 0
        with path.open("rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            begin = time.perf_counter()
            while (not read or self._time_left() > 0) and (block := file.read(_BLOCK)):
                read += len(block)
            rate = read / (time.perf_counter() - begin)
        path.unlink()
        self.operations += 3
        return rate, size

    def look(self) -> Probed:
        """Make all measurements."""
        most = self._limits.operations - _FEW
        opening = statistics.median(self.openings(int(_FILES * most)))
        look_up = statistics.median(*self.look_ups(int(_ALONE * most)))
        left = self._limits.operations - self.operations - _FEW
        rates: list[tuple[float, int]] = []
        for threads in _THREADS:
            if rates and self._time_left() < 0:
                break
            rates.append((self.at_once(threads, left // len(_THREADS)), threads))
        read, size = self.reading()
        took = time.monotonic() - self._begin
        # And the removal of the folder.
        return Probed(look_up, opening, *max(rates), read, self.operations + 1, size, took)


def probe(where: Path, limits: Limits) -> Probed:
    """Look at the file system that a folder lies on.

    Parameters
    ----------
    where
        The folder.
    limits
        At least `LEAST_OPERATIONS`, and a byte.

    Raises
    ------
    OutputError
        When the folder cannot be written to, or the disk is full.
    """
    try:
        with _own_folder(where) as folder:
            return _Probe(folder, limits).look()
    except OSError as error:
        raise OutputError(
            f"{where} cannot be probed: {error.strerror}",
            hint="--probe FOLDER names another folder of the same file system",
        ) from error


@contextlib.contextmanager
def _own_folder(where: Path) -> Iterator[Path]:
    # Registered before it exists: a Ctrl-C may come in between.
    folder = where / f".hpcpy-forecast-{os.urandom(8).hex()}"
    with signals.on_stop(lambda: shutil.rmtree(folder)):
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
