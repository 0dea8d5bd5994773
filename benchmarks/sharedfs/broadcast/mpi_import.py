"""Rank 0 finds and reads what is imported; the others are sent it over MPI.

    from mpi_import import together
    with together():
        import numpy, numba, h5py

All ranks enter the block; inside of it they import, and do not communicate.  An
extension module has to be a file for the loader: one rank of each node writes a copy
below ``$TMPDIR``, gone after the block.
"""

from __future__ import annotations

import contextlib
import functools
import marshal
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from mpi4py import MPI

_ABSENT, _CODE, _LIBRARY, _OTHER = range(4)
# Often enough that the others have something to do; each message costs each a wake-up.
_SECONDS_OF_A_MESSAGE = 0.02
# Ranks may share a core: MPI's own waiting would keep rank 0 from it.
_SECONDS_OF_A_LOOK = 0.0005

# The name, and where it is looked for.
_Key = tuple[str, tuple[str, ...]]
# What it is, its file, a package's folders, its code.
_Found = tuple[int, str, list[str] | None, CodeType | None]
# What was found, the libraries whose bytes follow, whether it is the last one.
_Message = tuple[dict[_Key, _Found], list[str], bool]


class _Channel:
    """The way from rank 0 to all others, and for files to one rank of each node."""

    def __init__(self) -> None:
        self._world = MPI.COMM_WORLD.Dup()
        self._node = self._world.Split_type(MPI.COMM_TYPE_SHARED)
        self._is_first = self._node.rank == 0
        self._firsts = self._world.Split(0 if self._is_first else 1, self._world.rank)
        name = f"mpi_import-{os.getuid()}-{os.getpid()}"
        folder = os.path.join(os.environ.get("TMPDIR", "/tmp"), name)  # noqa: PTH118, S108
        if self._is_first:
            os.mkdir(folder, 0o700)  # noqa: PTH102
        self.folder: str = self._node.bcast(folder)

    def exchange(self, message: _Message | None) -> _Message:
        """Return rank 0's message; its libraries are on each node then."""
        given: Any = message
        data = self._share(self._world, marshal.dumps(given) if message else b"")
        received: _Message = message or marshal.loads(data)  # noqa: S302
        for path in received[1] if self._is_first else ():
            data = self._share(self._firsts, _bytes(path) if self._world.rank == 0 else b"")
            copy = self.folder + path
            os.makedirs(os.path.dirname(copy), exist_ok=True)  # noqa: PTH103, PTH120
            with open(copy, "wb") as file:  # noqa: PTH123
                file.write(data)
        if received[1]:
            self._wait(self._node.Ibarrier())
        return received

    def end(self) -> None:
        """Remove the copies: what is open stays so."""
        self._wait(self._node.Ibarrier())
        if self._is_first:
            for folder, _, names in os.walk(self.folder, topdown=False):
                for name in names:
                    os.unlink(f"{folder}/{name}")  # noqa: PTH108
                os.rmdir(folder)  # noqa: PTH106
        for one in (self._firsts, self._node, self._world):
            one.Free()

    def _share(self, among: Any, data: bytes) -> bytes | bytearray:
        """Return the bytes of rank 0."""
        size = bytearray(len(data).to_bytes(8, "little"))
        self._wait(among.Ibcast([size, MPI.BYTE]))
        buffer = data if among.rank == 0 else bytearray(int.from_bytes(size, "little"))
        self._wait(among.Ibcast([buffer, MPI.BYTE]))
        return buffer

    @staticmethod
    def _wait(request: Any) -> None:
        while not request.Test():
            time.sleep(_SECONDS_OF_A_LOOK)


class _Read(SourceFileLoader):
    """The loader of a module whose code is there already."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return self._code


class _Opened(ExtensionFileLoader):
    """The loader of an extension module on rank 0: reports what it has opened."""

    def __init__(self, name: str, path: str, key: _Key, finder: _OnFirst) -> None:
        super().__init__(name, path)
        self._key = key
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        before = _mapped()
        module = super().create_module(spec)
        file = _real(self.path)
        # Not the system's: these are on every node.
        own = tuple(f"{_real(folder)}/" for folder in sys.path if folder)
        libraries = {path for path in _mapped() - before if path.startswith(own)}
        self._finder.tell(self._key, (_LIBRARY, file, None, None), sorted({file} | libraries))
        return module


class _OnFirst:
    """PathFinder on rank 0, which tells the others what it has found."""

    def __init__(self, channel: _Channel, path_finder: Any) -> None:
        self._channel = channel
        self._path_finder = path_finder
        self._told: set[_Key] = set()
        self._found: dict[_Key, _Found] = {}
        self._libraries: list[str] = []
        self._copied: set[str] = set()
        self._sent = time.monotonic()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        key = _key(name, path)
        spec: ModuleSpec | None = self._path_finder.find_spec(name, path, target)
        if key in self._told:
            return spec
        if spec is None:
            self.tell(key, (_ABSENT, "", None, None))
        elif type(spec.loader) is SourceFileLoader:
            code = spec.loader.get_code(name)
            if code is not None and spec.origin:
                spec.loader = _Read(name, spec.origin, code)
                self.tell(key, (_CODE, spec.origin, spec.submodule_search_locations, code))
        elif type(spec.loader) is ExtensionFileLoader and spec.origin:
            spec.loader = _Opened(name, spec.origin, key, self)
        else:
            self.tell(key, (_OTHER, "", None, None))
        return spec

    def tell(self, key: _Key, found: _Found, libraries: Iterable[str] = ()) -> None:
        self._told.add(key)
        self._found[key] = found
        # Once: a module may have come as another one's library, and is mapped on the nodes.
        new = [path for path in libraries if path not in self._copied]
        self._copied.update(new)
        self._libraries += new
        if time.monotonic() > self._sent + _SECONDS_OF_A_MESSAGE:
            self._send()

    def _send(self, *, is_last: bool = False) -> None:
        self._channel.exchange((self._found, self._libraries, is_last))
        self._found, self._libraries = {}, []
        self._sent = time.monotonic()

    def end(self) -> None:
        self._send(is_last=True)


class _OnOther:
    """What stands for PathFinder on the other ranks."""

    def __init__(self, channel: _Channel, path_finder: Any) -> None:
        self._channel = channel
        self._path_finder = path_finder
        self._found: dict[_Key, _Found] = {}
        self._is_over = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        key = _key(name, path)
        self._take_until(key)
        kind, file, folders, code = self._found.get(key, (_OTHER, "", None, None))
        if kind == _CODE and code is not None:
            loader = _Read(name, file, code)
            given: dict[str, Any] = {"loader": loader, "submodule_search_locations": folders}
            return spec_from_file_location(name, file, **given)
        if kind == _LIBRARY:
            return spec_from_file_location(name, self._channel.folder + file)
        if kind == _ABSENT:
            return None
        spec: ModuleSpec | None = self._path_finder.find_spec(name, path, target)
        return spec

    def _take_until(self, key: _Key | None) -> None:
        while key not in self._found and not self._is_over:
            found, _, self._is_over = self._channel.exchange(None)
            self._found.update(found)

    def end(self) -> None:
        self._take_until(None)


def _key(name: str, path: Sequence[str] | None) -> _Key:
    return name, tuple(sys.path if path is None else path)


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


# A few folders, each of them again and again.
_real = functools.cache(os.path.realpath)


def _mapped() -> set[str]:
    lines = (line.split(None, 5) for line in _bytes("/proc/self/maps").decode().splitlines())
    return {words[5] for words in lines if len(words) > 5 and ".so" in words[5]}


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Have what all ranks import inside of the block read by rank 0 alone."""
    if MPI.COMM_WORLD.size == 1:
        yield
        return
    finders: list[Any] = sys.meta_path
    # hpcpy's static interpreter has another one in its place.
    path_finder = PathFinder if PathFinder in finders else finders[-1]
    channel = _Channel()
    ours = (_OnFirst if MPI.COMM_WORLD.rank == 0 else _OnOther)(channel, path_finder)
    finders[finders.index(path_finder)] = ours
    try:
        yield
    finally:
        finders[finders.index(ours)] = path_finder
        ours.end()
        channel.end()
