"""What the kernel and a file system of ours tell each other: ``linux/fuse.h``, 7.31."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass


class Kind(enum.IntEnum):
    """What is asked for."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    CREATE = 35
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    RENAME2 = 45


NO_ANSWER = (Kind.FORGET, Kind.BATCH_FORGET, Kind.INTERRUPT)
ROOT = 1
# The kernel's pages of the file stay when it is opened again: as a network file system's.
KEEP_CACHE = 2
# The largest request, and so what the kernel reads ahead.
LARGEST = 1 << 17
# length, kind, number, node, uid, gid, pid, padding
REQUEST = struct.Struct("<IIQQIIII")
ANSWER = struct.Struct("<IiQ")
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


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes
    ----------
    kind
        As a `Kind`, or another number.
    number
        Names it in the answer.
    node
        Of which file or folder.
    owner
        The user and the group that ask.
    body
        What depends on the kind.
    """

    kind: int
    number: int
    node: int
    owner: tuple[int, int]
    body: bytes


def request(message: bytes) -> Request:
    """Take a message of the kernel's apart."""
    _, kind, number, node, user, group, *_ = REQUEST.unpack_from(message)
    return Request(kind, number, node, (user, group), message[REQUEST.size :])


def answer(number: int, error: int, data: bytes) -> bytes:
    """Return a message to the kernel; `error` is 0 or an error's number."""
    return ANSWER.pack(ANSWER.size + len(data), -error, number) + data


def initial(threads: int) -> bytes:
    """Return what answers the first request."""
    start = (7, 31, LARGEST, _FLAGS, threads, threads, LARGEST)
    return _INITIAL.pack(*start).ljust(64, b"\0")


def attributes(node: int, mode: int, size: int, owner: tuple[int, int] = (0, 0)) -> bytes:
    """Return what `stat` shows."""
    blocks = -(-size // 512)
    return _ATTRIBUTES.pack(node, size, blocks, *[0] * 6, mode, 1, *owner, 0, 4096, 0)


def valid(its_attributes: bytes, seconds: int) -> bytes:
    """Return what answers GETATTR and SETATTR."""
    return _VALIDITY.pack(seconds, 0, 0) + its_attributes


def entry(node: int, its_attributes: bytes, seconds: int) -> bytes:
    """Return what answers LOOKUP and MKDIR."""
    return _ENTRY.pack(node, 0, seconds, seconds, 0, 0) + its_attributes


def opened(flags: int = 0) -> bytes:
    """Return what answers OPEN."""
    return _VALIDITY.pack(0, flags, 0)
