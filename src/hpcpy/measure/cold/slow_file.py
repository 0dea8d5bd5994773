"""A file as a slow storage gives it: a file system of one file, in a mount namespace.

It speaks the kernel's FUSE protocol itself (``linux/fuse.h``, 7.31): one file
that is read needs seven kinds of requests, and no library.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _STATFS, _RELEASE, _FLUSH, _INIT = (
    1, 2, 3, 14, 15, 17, 18, 25, 26,
)  # fmt: skip
_BATCH_FORGET, _INTERRUPT, _DESTROY = 42, 36, 38
_NO_ANSWER = (_FORGET, _BATCH_FORGET, _INTERRUPT)
# length, kind, number, node, uid, gid, pid, padding
_REQUEST = struct.Struct("<IIQQIIII")
_ANSWER = struct.Struct("<IiQ")
# inode, size, blocks, three times, their nanoseconds, mode, links, uid, gid, device, block size
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
_READING = struct.Struct("<QQI")
# version, read-ahead, flags, requests at once, from which on it is busy, largest write
_INITIAL = struct.Struct("<IIIIHHI")
# inode, generation, how long it and its attributes are valid, in seconds and nanoseconds
_ENTRY = struct.Struct("<QQQQII")
# of attributes: seconds, nanoseconds; of an open file: its handle, flags
_VALIDITY = struct.Struct("<QII")
_ROOT, _FILE = 1, 2
# The kernel's pages of the file stay when it is opened again: as a network file system's.
_KEEP_CACHE = 2
_FLAGS = 1 << 0 | 1 << 18  # reads at the same time, look-ups too
# What the kernel reads ahead, and so the largest request.
_READ_AHEAD = 1 << 17
_FOREVER = 3600
_THREADS = 32
_NOT_THERE, _NOT_IMPLEMENTED = -2, -38


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

    def wait(self, size: int) -> None:
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
        self._storage = storage
        self._source = os.open(source, os.O_RDONLY)
        self._size = source.stat().st_size
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,allow_other"
        libc = ctypes.CDLL(None, use_errno=True)
        names = (b"slow", bytes(folder), b"fuse", 0, options.encode())
        if libc.mount(*names):
            raise OSError(ctypes.get_errno(), f"no FUSE mount at {folder}")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            while True:
                try:
                    request = os.read(self._device, _READ_AHEAD + 4096)
                except InterruptedError:
                    continue
                except OSError as error:
                    if error.errno == errno.ENODEV:  # unmounted
                        return
                    raise
                _, kind, number, node, *_ = _REQUEST.unpack_from(request)
                body = request[_REQUEST.size :]
                if kind == _READ:
                    pool.submit(self._read, number, body)
                elif kind not in _NO_ANSWER:
                    self._answer(number, *self._other(kind, node, body))

    def _read(self, number: int, body: bytes) -> None:
        _, offset, size = _READING.unpack_from(body)
        data = os.pread(self._source, size, offset)
        self._storage.wait(len(data))
        self._answer(number, 0, data)

    def _other(self, kind: int, node: int, body: bytes) -> tuple[int, bytes]:
        """Return an error number or 0, and what answers a request."""
        if kind == _LOOKUP and body.rstrip(b"\0") != os.fsencode(self.path.name):
            return _NOT_THERE, b""
        start = (7, 31, _READ_AHEAD, _FLAGS, _THREADS, _THREADS, _READ_AHEAD)
        entry = _ENTRY.pack(_FILE, 0, _FOREVER, _FOREVER, 0, 0)
        answers = {
            _INIT: _INITIAL.pack(*start).ljust(64, b"\0"),
            _LOOKUP: entry + self._attributes(_FILE),
            _GETATTR: _VALIDITY.pack(_FOREVER, 0, 0) + self._attributes(node),
            _OPEN: _VALIDITY.pack(0, _KEEP_CACHE, 0),
            _STATFS: bytes(80),
            **dict.fromkeys((_RELEASE, _FLUSH, _DESTROY), b""),
        }
        return (0, answers[kind]) if kind in answers else (_NOT_IMPLEMENTED, b"")

    def _attributes(self, node: int) -> bytes:
        if node == _ROOT:
            return _ATTRIBUTES.pack(
                node, 0, 0, 0, 0, 0, 0, 0, 0, stat.S_IFDIR | 0o755, 2, 0, 0, 0, 4096, 0
            )
        blocks = -(-self._size // 512)
        mode = stat.S_IFREG | 0o755
        return _ATTRIBUTES.pack(
            node, self._size, blocks, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0
        )

    def _answer(self, number: int, error: int, data: bytes) -> None:
        # Who was killed meanwhile waits for no answer.
        with contextlib.suppress(FileNotFoundError):
            os.write(self._device, _ANSWER.pack(_ANSWER.size + len(data), error, number) + data)
