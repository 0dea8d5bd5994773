"""A folder in memory whose requests of one kind fail from a chosen one on."""

import errno
import itertools
import os
import stat
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from measure import fuse
from measure.fuse import PART, ROOT, Kind, Request, Server

# valid, handle, size, owner of a lock, three times and their nanoseconds, mode
_SETTING = struct.Struct("<IIQQQQQQIIII")
_MODE, _SIZE = 1 << 0, 1 << 3
# Of MKDIR and CREATE, RENAME, RENAME2 and WRITE what comes before names or data.
_MKDIR, _CREATE, _RENAME, _RENAME2, _WRITE = 8, 16, 8, 16, 40
# inode, offset of the next one, length of the name, kind
_ENTRY = struct.Struct("<QQII")
# blocks, free, free for users, files, free ones, block's size, longest name, unit
_STATUS = struct.Struct("<QQQQQIII")
_FREE_BLOCKS = 1 << 18


@dataclass
class _Node:
    mode: int
    owner: tuple[int, int]
    data: bytearray = field(default_factory=bytearray)
    names: dict[bytes, int] = field(default_factory=dict)


class FailingFolder(Server):
    """A folder that everybody may write into; from the `first` of a kind on requests fail.

    `asked` counts those of each kind; without a `first` none fails.
    """

    def __init__(self, kind: Kind, number: int = errno.EIO, first: int | None = None) -> None:
        self._kind, self._number, self._first = kind, number, first
        self.asked: Counter[int] = Counter()
        self._nodes = {ROOT: _Node(stat.S_IFDIR | 0o1777, (0, 0))}
        self._numbers = itertools.count(ROOT + 1)
        self._answers: dict[int, Callable[[_Node, Request], bytes]] = {
            Kind.LOOKUP: lambda node, asked: self._entry(self._child(node, asked.body)),
            Kind.GETATTR: lambda _, asked: fuse.valid(self._attributes(asked.node), 0),
            Kind.SETATTR: self._set,
            Kind.MKDIR: self._mkdir,
            Kind.CREATE: self._create,
            Kind.UNLINK: self._remove,
            Kind.RMDIR: self._remove,
            Kind.RENAME: lambda node, asked: self._rename(node, asked.body, _RENAME),
            Kind.RENAME2: lambda node, asked: self._rename(node, asked.body, _RENAME2),
            Kind.READ: self._read,
            Kind.WRITE: self._write,
            Kind.READDIR: self._list,
            Kind.STATFS: lambda *_: _status(),
            **dict.fromkeys((Kind.OPEN, Kind.OPENDIR), lambda *_: fuse.opened()),
            **dict.fromkeys(_NOTHING, lambda *_: b""),
        }
        super().__init__()

    def paths(self, node: int = ROOT, above: str = "") -> Iterator[str]:
        """Yield what is in it."""
        for name, number in self._nodes[node].names.items():
            path = above + os.fsdecode(name)
            yield path
            yield from self.paths(number, f"{path}/")

    def content(self, path: str) -> bytes:
        """Return what a file has; a folder has nothing."""
        number = ROOT
        for name in path.split("/"):
            number = self._nodes[number].names[os.fsencode(name)]
        return bytes(self._nodes[number].data)

    def respond(self, asked: Request) -> bytes:
        """Return what answers a request."""
        kind = Kind.RENAME if asked.kind == Kind.RENAME2 else asked.kind
        number, self.asked[kind] = self.asked[kind], self.asked[kind] + 1
        if kind == self._kind and self._first is not None and number >= self._first:
            raise OSError(self._number, "")
        if asked.kind not in self._answers:
            raise OSError(errno.ENOSYS, "")
        return self._answers[asked.kind](self._nodes.get(asked.node, self._nodes[ROOT]), asked)

    def _child(self, node: _Node, body: bytes) -> int:
        if (name := body.rstrip(b"\0")) not in node.names:
            raise OSError(errno.ENOENT, "")
        return node.names[name]

    def _attributes(self, number: int) -> bytes:
        node = self._nodes[number]
        return fuse.attributes(number, node.mode, len(node.data), node.owner)

    def _entry(self, number: int) -> bytes:
        return fuse.entry(number, self._attributes(number), 0)

    def _set(self, node: _Node, asked: Request) -> bytes:
        valid, _, _, size, *_, mode = _SETTING.unpack_from(asked.body)
        if valid & _MODE:
            node.mode = mode
        if valid & _SIZE:
            node.data[size:] = bytes(max(0, size - len(node.data)))
        return fuse.valid(self._attributes(asked.node), 0)

    def _new(self, node: _Node, name: bytes, mode: int, asked: Request) -> int:
        number = next(self._numbers)
        self._nodes[number] = _Node(mode, asked.owner)
        node.names[name.rstrip(b"\0")] = number
        return number

    def _mkdir(self, node: _Node, asked: Request) -> bytes:
        mode, umask = struct.unpack_from("<II", asked.body)
        mode = stat.S_IFDIR | mode & ~umask
        return self._entry(self._new(node, asked.body[_MKDIR:], mode, asked))

    def _create(self, node: _Node, asked: Request) -> bytes:
        _, mode, umask = struct.unpack_from("<III", asked.body)
        number = self._new(node, asked.body[_CREATE:], stat.S_IFREG | mode & ~umask, asked)
        return self._entry(number) + fuse.opened()

    def _remove(self, node: _Node, asked: Request) -> bytes:
        if self._nodes[self._child(node, asked.body)].names:
            raise OSError(errno.ENOTEMPTY, "")
        del node.names[asked.body.rstrip(b"\0")]
        return b""

    def _rename(self, node: _Node, body: bytes, begins: int) -> bytes:
        (folder,) = struct.unpack_from("<Q", body)
        old, new, _ = body[begins:].split(b"\0")
        self._nodes[folder].names[new] = node.names.pop(old)
        return b""

    def _read(self, node: _Node, asked: Request) -> bytes:
        _, offset, size = PART.unpack_from(asked.body)
        return bytes(node.data[offset : offset + size])

    def _write(self, node: _Node, asked: Request) -> bytes:
        _, offset, size = PART.unpack_from(asked.body)
        node.data.extend(bytes(max(0, offset - len(node.data))))
        node.data[offset : offset + size] = asked.body[_WRITE : _WRITE + size]
        return struct.pack("<II", size, 0)

    def _list(self, node: _Node, asked: Request) -> bytes:
        _, offset, size = PART.unpack_from(asked.body)
        listed = b""
        for place, (name, number) in enumerate([*node.names.items()][offset:], start=offset + 1):
            kind = stat.S_IFMT(self._nodes[number].mode) >> 12
            one = _ENTRY.pack(number, place, len(name), kind) + name
            one = one.ljust(-(-len(one) // 8) * 8, b"\0")
            if len(listed) + len(one) > size:
                break
            listed += one
        return listed


_NOTHING = (Kind.RELEASE, Kind.RELEASEDIR, Kind.FLUSH, Kind.FSYNC, Kind.DESTROY)


def _status() -> bytes:
    free = _FREE_BLOCKS
    return _STATUS.pack(2 * free, free, free, 1 << 20, 1 << 20, 4096, 255, 4096).ljust(80, b"\0")
