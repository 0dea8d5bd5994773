"""A file on a slow storage: a file system of ours, by the kernel's FUSE protocol (7.31).

Numbers and structures are those of ``linux/fuse.h``.
"""

import contextlib
import ctypes
import enum
import errno
import os
import stat
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class Kind(enum.IntEnum):
    """What is asked for."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    OPEN = 14
    READ = 15
    STATFS = 17
    INIT = 26
    INTERRUPT = 36
    BATCH_FORGET = 42


_NO_ANSWER = (Kind.FORGET, Kind.BATCH_FORGET, Kind.INTERRUPT)
_ROOT, _FILE = 1, 2
# The kernel's pages of the file stay when it is opened again: as a network file system's.
_KEEP_CACHE = 2
_FOREVER = 3600
# The largest request, and so what the kernel reads ahead.
_LARGEST = 1 << 17
# length, kind, number, node, uid, gid, pid, padding
_REQUEST = struct.Struct("<IIQQIIII")
_ANSWER = struct.Struct("<IiQ")
# handle, offset, size
_PART = struct.Struct("<QQI")
# of attributes: seconds, nanoseconds; of an open file: its handle, flags
_VALIDITY = struct.Struct("<QII")
# inode, size, blocks, three times, their nanoseconds, mode, links, uid, gid, device, block size
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
# inode, generation, how long it and its attributes are valid, in seconds and nanoseconds
_ENTRY = struct.Struct("<QQQQII")
# version, read-ahead, flags, requests at once, how many count as busy, largest write
_INITIAL = struct.Struct("<IIIIHHI")
# Reads at the same time, writes of more than a page, look-ups at the same time.
_FLAGS = 1 << 0 | 1 << 5 | 1 << 18
_THREADS = 32
_NOT_MOUNTED_YET = 0.01


class SlowStorage:
    """A storage whose requests share a rate, bytes a second, and take a delay each."""

    def __init__(self, rate: float, delay: float) -> None:
        self.rate, self.delay = rate, delay
        self.requests = self.bytes_read = 0
        self._lock = threading.Lock()
        self._free = 0.0

    def take(self, size: int, /) -> None:
        """Take the time that a request for so many bytes takes."""
        with self._lock:
            now = time.monotonic()
            self._free = max(now, self._free) + size / self.rate
            until = self._free + self.delay
            self.requests += 1
            self.bytes_read += size
        time.sleep(until - now)


class _OneFile:
    """A file system with one file, `source`, as a storage gives it.

    A thread of this process serves it, and ends when no process, mount or loop device has
    anything of it any more.
    """

    def __init__(self, source: Path, storage: SlowStorage) -> None:
        self._name = os.fsencode(source.name)
        self._storage = storage
        self._source = os.open(source, os.O_RDONLY)
        self._size = source.stat().st_size
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        threading.Thread(target=self._serve, daemon=True).start()

    def mount(self, folder: Path) -> None:
        """Mount it for this process's mount namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if libc.mount(b"hpcpy", bytes(folder), b"fuse", 0, options.encode()):
            raise OSError(ctypes.get_errno(), f"no FUSE mount at {folder}")

    def _serve(self) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            while message := self._next():
                _, kind, number, node, *_ = _REQUEST.unpack_from(message)
                asked = (kind, number, node, message[_REQUEST.size :])
                if kind == Kind.READ:
                    pool.submit(self._answer, *asked)
                elif kind not in _NO_ANSWER:
                    self._answer(*asked)
        os.close(self._device)

    def _next(self) -> bytes:
        """Return the next request, or an empty one when it is unmounted."""
        while True:
            try:
                return os.read(self._device, _LARGEST + 4096)
            except OSError as error:
                if error.errno in (errno.ENODEV, errno.ECONNABORTED):
                    return b""
                if error.errno == errno.EPERM:
                    time.sleep(_NOT_MOUNTED_YET)
                # A request was taken back before it was read.
                elif error.errno not in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    raise

    def _answer(self, kind: int, number: int, node: int, body: bytes) -> None:
        error, data = 0, b""
        try:
            data = self._data(kind, node, body)
        except OSError as raised:
            error = raised.errno or errno.EIO
        # Who was killed meanwhile waits for no answer.
        with contextlib.suppress(FileNotFoundError, ConnectionAbortedError):
            size = _ANSWER.size + len(data)
            os.write(self._device, _ANSWER.pack(size, -error, number) + data)

    def _data(self, kind: int, node: int, body: bytes) -> bytes:
        """Return what answers a request, or raise an OSError; reads come from several threads."""
        if kind == Kind.READ:
            _, offset, size = _PART.unpack_from(body)
            data = os.pread(self._source, size, offset)
            self._storage.take(len(data))
            return data
        if kind == Kind.LOOKUP and body.rstrip(b"\0") != self._name:
            raise FileNotFoundError(errno.ENOENT, "")
        start = (7, 31, _LARGEST, _FLAGS, _THREADS, _THREADS, _LARGEST)
        validity = (_FOREVER, _FOREVER, 0, 0)
        answers = {
            Kind.INIT: _INITIAL.pack(*start).ljust(64, b"\0"),
            Kind.LOOKUP: _ENTRY.pack(_FILE, 0, *validity) + self._attributes(_FILE),
            Kind.GETATTR: _VALIDITY.pack(_FOREVER, 0, 0) + self._attributes(node),
            Kind.OPEN: _VALIDITY.pack(0, _KEEP_CACHE, 0),
            Kind.STATFS: bytes(80),
        }
        if kind not in answers:
            raise OSError(errno.ENOSYS, "")
        return answers[Kind(kind)]

    def _attributes(self, node: int) -> bytes:
        """Return what `stat` shows."""
        mode, size = (stat.S_IFDIR, 0) if node == _ROOT else (stat.S_IFREG, self._size)
        blocks = -(-size // 512)
        return _ATTRIBUTES.pack(node, size, blocks, *[0] * 6, mode | 0o755, 1, 0, 0, 0, 4096, 0)


@contextlib.contextmanager
def mounted(source: Path, storage: SlowStorage) -> Iterator[Path]:
    """Give the path of a file as a storage gives it, for this process's mount namespace."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-slow.") as folder:
        _OneFile(source, storage).mount(Path(folder))
        try:
            yield Path(folder, source.name)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
