"""File systems that a process of ours serves, by the kernel's FUSE protocol (7.31).

Numbers and structures are those of ``linux/fuse.h``.
"""

from __future__ import annotations

import abc
import contextlib
import ctypes
import enum
import errno
import os
import stat
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Kind(enum.IntEnum):
    """What is asked for."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    OPEN = 14
    READ = 15
    STATFS = 17
    RELEASE = 18
    FLUSH = 25
    INIT = 26
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42


_NO_ANSWER = (Kind.FORGET, Kind.BATCH_FORGET, Kind.INTERRUPT)
ROOT, _FILE = 1, 2
# The kernel's pages of the file stay when it is opened again: as a network file system's.
_KEEP_CACHE = 2
_FOREVER = 3600
# The largest request, and so what the kernel reads ahead.
_LARGEST = 1 << 17
# length, kind, number, node, uid, gid, pid, padding
_REQUEST = struct.Struct("<IIQQIIII")
_ANSWER = struct.Struct("<IiQ")
# handle, offset, size
PART = struct.Struct("<QQI")
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


@dataclass(frozen=True)
class Request:
    """A request: its kind, of which node, by which user and group; the body depends on the kind.

    The number names it in the answer.
    """

    kind: int
    number: int
    node: int
    owner: tuple[int, int]
    body: bytes


def attributes(node: int, mode: int, size: int, owner: tuple[int, int] = (0, 0)) -> bytes:
    """Return what `stat` shows."""
    blocks = -(-size // 512)
    return _ATTRIBUTES.pack(node, size, blocks, *[0] * 6, mode, 1, *owner, 0, 4096, 0)


def valid(shown: bytes, seconds: int) -> bytes:
    """Return what answers GETATTR and SETATTR, of `attributes`."""
    return _VALIDITY.pack(seconds, 0, 0) + shown


def entry(node: int, shown: bytes, seconds: int) -> bytes:
    """Return what answers LOOKUP and MKDIR, of `attributes`."""
    return _ENTRY.pack(node, 0, seconds, seconds, 0, 0) + shown


def opened(flags: int = 0) -> bytes:
    """Return what answers OPEN."""
    return _VALIDITY.pack(0, flags, 0)


class Server(abc.ABC):
    """A file system, served from a thread of this process until it is mounted nowhere.

    `device` is the descriptor that a mount names; `thread` ends when no process, mount or loop
    device has anything of it any more.
    """

    def __init__(self) -> None:
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def options(self) -> str:
        """What mounts it: ``mount -i -t fuse -o OPTIONS``."""
        return f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other"

    def mount(self, folder: Path) -> None:
        """Mount it for this process's mount namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        names = (b"hpcpy", bytes(folder), b"fuse", 0, self.options.encode())
        if libc.mount(*names):
            raise OSError(ctypes.get_errno(), f"no FUSE mount at {folder}")

    @abc.abstractmethod
    def respond(self, asked: Request) -> bytes:
        """Return what answers a request, or raise an OSError; reads come from several threads."""

    def _serve(self) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            while message := self._next():
                _, kind, number, node, user, group, *_ = _REQUEST.unpack_from(message)
                asked = Request(kind, number, node, (user, group), message[_REQUEST.size :])
                if kind == Kind.READ:
                    pool.submit(self._answer, asked)
                elif kind not in _NO_ANSWER:
                    self._answer(asked)
        os.close(self.device)

    def _next(self) -> bytes:
        """Return the next request, or an empty one when it is unmounted."""
        while True:
            try:
                return os.read(self.device, _LARGEST + 4096)
            except OSError as error:
                if error.errno in (errno.ENODEV, errno.ECONNABORTED):
                    return b""
                if error.errno == errno.EPERM:
                    time.sleep(_NOT_MOUNTED_YET)
                # A request was taken back before it was read.
                elif error.errno not in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    raise

    def _answer(self, asked: Request) -> None:
        error, data = 0, b""
        try:
            data = _initial() if asked.kind == Kind.INIT else self.respond(asked)
        except OSError as raised:
            error = raised.errno or errno.EIO
        # Who was killed meanwhile waits for no answer.
        with contextlib.suppress(FileNotFoundError, ConnectionAbortedError):
            size = _ANSWER.size + len(data)
            os.write(self.device, _ANSWER.pack(size, -error, asked.number) + data)


def _initial() -> bytes:
    start = (7, 31, _LARGEST, _FLAGS, _THREADS, _THREADS, _LARGEST)
    return _INITIAL.pack(*start).ljust(64, b"\0")


class Storage(Protocol):
    """What is asked before each part of a file is given."""

    def take(self, size: int, /) -> None:
        """Wait as long as reading so many bytes takes, or raise an OSError."""


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


class OneFile(Server):
    """A file system with one file, `source`, as a storage gives it."""

    def __init__(self, source: Path, storage: Storage) -> None:
        self._name = os.fsencode(source.name)
        self._storage = storage
        self._source = os.open(source, os.O_RDONLY)
        self._size = source.stat().st_size
        super().__init__()

    def respond(self, asked: Request) -> bytes:
        """Return what answers a request."""
        if asked.kind == Kind.READ:
            _, offset, size = PART.unpack_from(asked.body)
            data = os.pread(self._source, size, offset)
            self._storage.take(len(data))
            return data
        if asked.kind == Kind.LOOKUP and asked.body.rstrip(b"\0") != self._name:
            raise FileNotFoundError(errno.ENOENT, "")
        answers = {
            Kind.LOOKUP: entry(_FILE, self._attributes(_FILE), _FOREVER),
            Kind.GETATTR: valid(self._attributes(asked.node), _FOREVER),
            Kind.OPEN: opened(_KEEP_CACHE),
            Kind.STATFS: bytes(80),
            **dict.fromkeys((Kind.RELEASE, Kind.FLUSH, Kind.DESTROY), b""),
        }
        if asked.kind not in answers:
            raise OSError(errno.ENOSYS, "")
        return answers[Kind(asked.kind)]

    def _attributes(self, node: int) -> bytes:
        kind, size = (stat.S_IFDIR, 0) if node == ROOT else (stat.S_IFREG, self._size)
        return attributes(node, kind | 0o755, size)
