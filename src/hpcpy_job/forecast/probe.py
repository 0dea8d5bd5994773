"""What a file system gives one node: a look within bounds, in a folder that is removed.

Names that do not exist are looked up: no client has cached the answer for a name that it
never saw. Files are made, opened and removed. One file is written, dropped from this node's
memory, and read.
"""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hpcpy_common.errors import DiskError

LEAST_OPERATIONS = 200
_THREADS = (8, 32)
# Shares of all operations: files, each made, opened and removed; look-ups one by one, and
# by each number of threads.
_FILES, _ALONE, _AT_ONCE = 0.05, 0.1, 0.35
# Calls for the folder, made and removed, and for the large file, made, opened and removed.
_FEW = 5
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a probe may not exceed."""

    operations: int  # Calls with a path, including those that remove what the probe made
    size: int  # Bytes that are written, and read again
    seconds: float  # Nothing more is begun after these; an operation that hangs is not ended


@dataclass(frozen=True)
class Probed:
    """What was found, and what it took."""

    look_up: float  # Median seconds of looking a name up
    opening: float  # Median seconds of opening and closing a file
    rate: float  # The most look-ups a second from this node
    threads: int  # By how many threads
    read: float  # Bytes a second when the large file is read
    operations: int  # Calls with a path that the probe took
    size: int  # Bytes written
    seconds: float


def probe(where: Path, limits: Limits) -> Probed:
    """Look at the file system of a folder: at least `LEAST_OPERATIONS` calls, and a byte."""
    try:
        with tempfile.TemporaryDirectory(
            prefix=".hpcpy-forecast-", dir=where, ignore_cleanup_errors=True
        ) as folder:
            return _Probe(Path(folder), limits).look()
    except OSError as error:
        raise DiskError(
            f"{where} cannot be probed: {error.strerror}",
            hint="--probe FOLDER names another folder of the same file system",
        ) from error


class _Probe:
    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._begin = time.monotonic()
        self._end = self._begin + limits.seconds
        self._names = itertools.count()
        self._operations = _FEW

    def look(self) -> Probed:
        """Make all measurements."""
        most = self._limits.operations - _FEW
        opening = statistics.median(self._openings(int(_FILES * most)))
        alone = self._look_ups(int(_ALONE * most))
        self._operations += len(alone)
        each = int(_AT_ONCE * most)
        rates = [(len(alone) / sum(alone), 1)]
        rates += [(self._at_once(n, each // n), n) for n in _THREADS if not self._is_late()]
        read, size = self._reading()
        took = time.monotonic() - self._begin
        look_up = statistics.median(alone)
        return Probed(look_up, opening, *max(rates), read, self._operations, size, took)

    def _is_late(self) -> bool:
        return time.monotonic() > self._end

    def _timed(self, count: int, call: Callable[[int], object]) -> list[float]:
        """Return the seconds of each call; one is made, no more if it is late."""
        times: list[float] = []
        while len(times) < count and not (times and self._is_late()):
            begin = time.perf_counter()
            call(len(times))
            times.append(time.perf_counter() - begin)
        return times

    def _look_ups(self, count: int) -> list[float]:
        """Return the seconds of looking up names that do not exist, one by one."""
        return self._timed(
            count, lambda _: os.access(self._folder / f"a{next(self._names)}", os.F_OK)
        )

    def _openings(self, count: int) -> list[float]:
        """Return the seconds of opening and closing small files."""
        paths = [self._folder / f"f{number}" for number in range(count)]
        written = len(self._timed(count, lambda at: paths[at].write_bytes(b"x")))
        times = self._timed(written, lambda at: os.close(os.open(paths[at], os.O_RDONLY)))
        # The end removes them.
        self._operations += 2 * written + len(times)
        return times

    def _at_once(self, threads: int, count: int) -> float:
        """Return look-ups a second by so many threads, each of which makes `count`."""
        with ThreadPoolExecutor(threads) as pool:
            begin = time.perf_counter()
            try:
                calls = sum(map(len, pool.map(self._look_ups, [count] * threads)))
            except BaseException:
                # After a signal the pool's end waits for the threads.
                self._end = 0.0
                raise
            took = time.perf_counter() - begin
        self._operations += calls
        return calls / took

    def _reading(self) -> tuple[float, int]:
        """Return bytes a second of reading a file that is not cached here, and its size."""
        path, block = self._folder / "large", os.urandom(_BLOCK)
        size = read = 0
        with path.open("wb", buffering=0) as file:
            while size < self._limits.size and not (size and self._is_late()):
                size += file.write(block[: self._limits.size - size])
            os.fsync(file.fileno())
        with path.open("rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            begin = time.perf_counter()
            while not (read and self._is_late()) and (block := file.read(_BLOCK)):
                read += len(block)
            return read / (time.perf_counter() - begin), size
