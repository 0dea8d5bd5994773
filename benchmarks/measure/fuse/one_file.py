"""A file system of one file that is read, as a storage gives it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Protocol

from measure.fuse.protocol import (
    KEEP_CACHE,
    PART,
    ROOT,
    Kind,
    Request,
    attributes,
    entry,
    opened,
    valid,
)
from measure.fuse.server import Server

_FILE = 2
_FOREVER = 3600


class Storage(Protocol):
    """What is asked before each part of the file is given."""

    def take(self, offset: int, size: int, /) -> None:
        """Wait as long as reading so many bytes there takes, or raise an OSError."""


class OneFile(Server):
    """A file system with one file.

    Parameters
    ----------
    source
        The file that it gives.
    storage
        How long reading takes, and what fails.
    """

    def __init__(self, source: Path, storage: Storage) -> None:
        self._name = os.fsencode(source.name)
        self._storage = storage
        self._source = os.open(source, os.O_RDONLY)
        self._size = source.stat().st_size
        super().__init__()

    def respond(self, asked: Request) -> bytes:
        """Return what answers a request."""
        if asked.kind == Kind.READ:
            return self._read(asked.body)
        if asked.kind == Kind.LOOKUP and asked.body.rstrip(b"\0") != self._name:
            raise FileNotFoundError(errno.ENOENT, "")
        answers = {
            Kind.LOOKUP: entry(_FILE, self._attributes(_FILE), _FOREVER),
            Kind.GETATTR: valid(self._attributes(asked.node), _FOREVER),
            Kind.OPEN: opened(KEEP_CACHE),
            Kind.STATFS: bytes(80),
            **dict.fromkeys((Kind.RELEASE, Kind.FLUSH, Kind.DESTROY), b""),
        }
        if asked.kind not in answers:
            raise OSError(errno.ENOSYS, "")
        return answers[Kind(asked.kind)]

    def _read(self, body: bytes) -> bytes:
        _, offset, size = PART.unpack_from(body)
        data = os.pread(self._source, size, offset)
        self._storage.take(offset, len(data))
        return data

    def _attributes(self, node: int) -> bytes:
        if node == ROOT:
            return attributes(node, stat.S_IFDIR | 0o755, 0)
        return attributes(node, stat.S_IFREG | 0o755, self._size)
