"""Paths of the library's files in the executable: see `_hpcpy_files`.

What only asks, or reads a file, is answered from memory.  All else goes to copies on this node.
"""

from __future__ import annotations

import io
import os
import pathlib
import sys
from contextlib import AbstractContextManager, nullcontext
from errno import EROFS
from importlib import resources
from importlib.resources.abc import TraversableResources
from typing import TYPE_CHECKING, Any, NoReturn

from _hpcpy_files import below, index, place, placed, read
from _hpcpy_importer import finder

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHANGES = (
    *("chmod", "hardlink_to", "mkdir", "move", "rename", "replace", "rmdir", "symlink_to"),
    *("touch", "unlink"),
)


class Located(pathlib.PosixPath):
    """A file or folder of the executable, by the path that it has in an image."""

    def with_segments(self, *segments: Any) -> pathlib.PosixPath:
        """Return another path: of the executable, whose files are no links, or a plain one."""
        path = os.path.normpath(str(pathlib.PurePosixPath(*segments)))
        is_own = f"{path}/".startswith(f"{sys.base_prefix}/")
        return Located(path) if is_own else pathlib.PosixPath(path)

    def exists(self, **_: Any) -> bool:
        """Tell whether it is there."""
        return self.is_file() or self.is_dir()

    def is_file(self, **_: Any) -> bool:
        """Tell whether it is a file."""
        return str(self) in index

    def is_dir(self, **_: Any) -> bool:
        """Tell whether it is a folder."""
        return not self.is_file() and any(below(str(self)))

    def resolve(self, strict: bool = False) -> Located:
        """Return the path itself."""
        if strict and not self.exists():
            self.stat()
        return self

    @property
    def info(self) -> Any:
        """What is known of it, by its copy."""
        return self._copy().info

    def iterdir(self) -> Iterator[pathlib.Path]:  # type: ignore[override]
        """Yield what is in the folder."""
        start = len(f"{self}/")
        names = {path[start:].partition("/")[0] for path in below(str(self))}
        return map(self.joinpath, names or os.listdir(self))

    def glob(self, pattern: Any, **options: Any) -> Iterator[pathlib.Path]:  # type: ignore[override]
        """Yield what is below, and fits."""
        if ".." in pathlib.PurePath(pattern).parts:
            raise NotImplementedError(f"{pattern}: this folder is searched downwards alone")
        copy = self._copy()
        start = len(str(copy)) - len(str(self))
        return (self.with_segments(str(path)[start:]) for path in copy.glob(pattern, **options))

    def walk(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Yield each folder, with the names of its folders and files."""
        copy = self._copy()
        for path, folders, files in copy.walk(*args, **options):
            yield self / path.relative_to(copy), folders, files

    def open(self, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        """Open it, in memory if the executable has it."""
        if set(mode) & set("wax+"):
            self._refuse()
        if str(self) not in index:
            return super().open(mode, buffering, *args, **kwargs)
        content = io.BytesIO(read(str(self)))
        return content if "b" in mode else io.TextIOWrapper(content, *args, **kwargs)

    def __fspath__(self) -> str:
        """Return where this node has it; for what opens a path in any case."""
        if str(self) in index:
            return placed(str(self))
        # A folder of all packages is asked for to be joined with a name.
        return str(self if self._has_all() else self._copy())

    def _has_all(self) -> bool:
        return f"{finder().bundle.roots[-1].path}/".startswith(f"{self}/")

    def _copy(self) -> Any:  # a pathlib.Path as CPython 3.14 has it
        if self._has_all():
            raise NotImplementedError(f"{self} is not copied to this node; ask one package of it")
        paths = [str(self)] if str(self) in index else [*below(str(self))]
        return pathlib.Path((place(str(self), paths) if paths else "") + str(self))

    def _refuse(self, *_: Any, **_options: Any) -> NoReturn:
        raise OSError(EROFS, os.strerror(EROFS), str(self))


for _name in _CHANGES:
    setattr(Located, _name, Located._refuse)


class Reader(TraversableResources):
    """The reader of a package's files, by the folder that it has in an image."""

    def __init__(self, folder: str) -> None:
        self._folder = Located(folder)

    def files(self) -> Located:
        """Return the folder."""
        return self._folder


def _as_file(path: Located) -> AbstractContextManager[pathlib.Path]:
    # For all processes of the node, such as LLVM's library, which llvmlite opens so.
    return nullcontext(pathlib.Path(placed(str(path))) if path.is_file() else path._copy())


resources.as_file.register(Located, _as_file)  # type: ignore[attr-defined]
