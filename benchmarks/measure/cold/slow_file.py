"""A file as a slow storage gives it: a file system of one file, in a mount namespace."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from measure.fuse.one_file import OneFile


@dataclass
class Storage:
    """How slow it is, and what was asked of it.

    Attributes
    ----------
    rate
        Bytes a second that all requests share.
    delay
        Seconds that each request takes besides.
    requests, bytes_read
        Since it was mounted.
    """

    rate: float
    delay: float
    requests: int = 0
    bytes_read: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._free = 0.0

    def take(self, _: int, size: int) -> None:
        """Take the time that a request for so many bytes takes."""
        with self._lock:
            now = time.monotonic()
            self._free = max(now, self._free) + size / self.rate
            until = self._free + self.delay
            self.requests += 1
            self.bytes_read += size
        time.sleep(until - now)


class SlowFile:
    """A mounted file system with one file.

    Parameters
    ----------
    source
        The file that it gives.
    folder
        Where it is mounted, for this mount namespace.
    storage
        How slow it is.
    """

    def __init__(self, source: Path, folder: Path, storage: Storage) -> None:
        self.path = folder / source.name
        OneFile(source, storage).mount(folder)
