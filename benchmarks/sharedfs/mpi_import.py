"""Rank 0 finds and reads what is imported; the others are sent it over MPI.

    from mpi_import import together
    with together():
        import numpy, numba, h5py

For any Python that has mpi4py; this file needs no other of hpcpy.  All ranks enter the
block; inside of it they import, and do not communicate.  The others import when rank 0
has done so.  What rank 0 does not import they look for in the file system.

An extension module has to be a file for the loader: one rank of each node writes a copy
below ``$TMPDIR``, gone after the block; the module's ``__file__`` names it.

Not sent: Python's own start, mpi4py, and what a package reads or opens by itself, as
data files and libraries by ctypes.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from mpi4py import MPI

# Ranks may share a core: MPI's own waiting would keep rank 0 from it.
_SECONDS_OF_A_LOOK = 0.0005
# A module's name, and where it is looked for.
_Key = tuple[str, tuple[str, ...]]
# Its file, empty where there is none; a package's folders; its code, unless it is a library.
_Found = tuple[str, list[str] | None, CodeType | None]


def _wait(request: Any) -> None:
    while not request.Test():
        time.sleep(_SECONDS_OF_A_LOOK)


def _share(among: Any, data: bytes) -> bytes | bytearray:
    """Return the bytes of the first rank."""
    size = bytearray(len(data).to_bytes(8, "little"))
    _wait(among.Ibcast([size, MPI.BYTE]))
    buffer = data if among.rank == 0 else bytearray(int.from_bytes(size, "little"))
    _wait(among.Ibcast([buffer, MPI.BYTE]))
    return buffer


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def _mapped() -> set[str]:
    lines = (line.split(None, 5) for line in _bytes("/proc/self/maps").decode().splitlines())
    return {words[5] for words in lines if len(words) > 5 and ".so" in words[5]}


class _Read(SourceFileLoader):
    """The loader of a module whose code is there already."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return self._code


class _Finder:
    """PathFinder that keeps what it has found; on the other ranks, what rank 0 has found."""

    def __init__(self, found: dict[_Key, _Found] | None, copies: str) -> None:
        self.found: dict[_Key, _Found] = found or {}
        self._is_sent = found is not None
        self._copies = copies
        # hpcpy's static interpreter has another one in its place.
        finders: list[Any] = sys.meta_path
        self.path_finder = PathFinder if PathFinder in finders else finders[-1]

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        key = name, tuple(sys.path if path is None else path)
        if self._is_sent and key in self.found:
            file, folders, code = self.found[key]
            if code is None:
                return spec_from_file_location(name, self._copies + file) if file else None
            given: dict[str, Any] = {"submodule_search_locations": folders}
            return spec_from_file_location(name, file, loader=_Read(name, file, code), **given)
        spec: ModuleSpec | None = self.path_finder.find_spec(name, path, target)
        if not self._is_sent:
            self._keep(key, spec)
        return spec

    def _keep(self, key: _Key, spec: ModuleSpec | None) -> None:
        if spec is None:
            self.found[key] = "", None, None
        elif type(spec.loader) is ExtensionFileLoader and spec.origin:
            self.found[key] = os.path.realpath(spec.origin), None, None
        elif (
            type(spec.loader) is SourceFileLoader
            and spec.origin
            and (code := spec.loader.get_code(spec.name))
        ):
            spec.loader = _Read(spec.name, spec.origin, code)
            self.found[key] = spec.origin, spec.submodule_search_locations, code


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Have what all ranks import inside of the block read by rank 0 alone."""
    if MPI.COMM_WORLD.size == 1:
        yield
        return
    world = MPI.COMM_WORLD.Dup()
    node = world.Split_type(MPI.COMM_TYPE_SHARED)
    firsts = world.Split(0 if node.rank == 0 else 1, world.rank)
    name = f"mpi_import-{os.getuid()}-{os.getpid()}"
    copies = node.bcast(os.path.join(os.environ.get("TMPDIR", "/tmp"), name))  # noqa: PTH118, S108
    if node.rank == 0:
        os.mkdir(copies, 0o700)  # noqa: PTH102
    try:
        if world.rank == 0:
            with _sending(world, firsts, node, copies) as finder, _in_place(finder):
                yield
        else:
            found, libraries = marshal.loads(_share(world, b""))  # noqa: S302
            _copy(libraries, firsts, node, copies)
            with _in_place(_Finder(found, copies)):
                yield
    finally:
        _wait(node.Ibarrier())
        if node.rank == 0:
            _remove(copies)
        for one in (firsts, node, world):
            one.Free()


@contextlib.contextmanager
def _sending(world: Any, firsts: Any, node: Any, copies: str) -> Iterator[_Finder]:
    """Give a finder, and send what it has found, also after a failure: the others wait."""
    before, finder = _mapped(), _Finder(None, copies)
    try:
        yield finder
    finally:
        # The system's libraries are on every node.
        own = tuple(f"{os.path.realpath(folder)}/" for folder in sys.path if folder)
        mapped = {path for path in _mapped() - before if path.startswith(own)}
        modules = {file for file, _, code in finder.found.values() if file and not code}
        libraries = sorted(mapped | modules)
        _share(world, marshal.dumps((finder.found, libraries)))
        _copy(libraries, firsts, node, copies)


@contextlib.contextmanager
def _in_place(finder: Any) -> Iterator[None]:
    """Have a finder in the place of PathFinder."""
    finders: list[Any] = sys.meta_path
    index = finders.index(finder.path_finder)
    finders[index] = finder
    try:
        yield
    finally:
        finders[finders.index(finder)] = finder.path_finder


def _copy(paths: Sequence[str], firsts: Any, node: Any, copies: str) -> None:
    """Write copies of rank 0's files on each node."""
    for path in paths if node.rank == 0 else ():
        data = _share(firsts, _bytes(path) if firsts.rank == 0 else b"")
        os.makedirs(os.path.dirname(copies + path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(copies + path, "wb") as file:  # noqa: PTH123
            file.write(data)
    _wait(node.Ibarrier())


def _remove(folder: str) -> None:
    """Remove the copies: what is open stays so."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            os.unlink(f"{parent}/{name}")  # noqa: PTH108
        os.rmdir(parent)  # noqa: PTH106
