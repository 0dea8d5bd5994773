"""Paths of the library's files in the executable: see `_hpcpy_files`."""

from __future__ import annotations

import io
import pathlib
from contextlib import AbstractContextManager, nullcontext
from importlib import resources
from importlib.resources.abc import TraversableResources
from typing import TYPE_CHECKING, Any

from _hpcpy_files import below, index, place, placed, read

if TYPE_CHECKING:
    from collections.abc import Generator


class Located(pathlib.PosixPath):
    """A file or folder of the executable, by the path that it has in an image."""

    def exists(self, **_: Any) -> bool:
        """Tell whether it is there."""
        return self.is_file() or self.is_dir()

    def is_file(self, **_: Any) -> bool:
        """Tell whether it is a file."""
        return str(self) in index

    def is_dir(self, **_: Any) -> bool:
        """Tell whether it is a folder."""
        return any(below(str(self)))

    def iterdir(self) -> Generator[Located]:
        """Yield what is in the folder."""
        start = len(f"{self}/")
        yield from map(self.joinpath, {path[start:].partition("/")[0] for path in below(str(self))})

    def open(self, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        """Open it, in memory if the executable has it."""
        if str(self) not in index:
            return super().open(mode, buffering, *args, **kwargs)
        content = io.BytesIO(read(str(self)))
        return content if "b" in mode else io.TextIOWrapper(content, *args, **kwargs)

    def __fspath__(self) -> str:
        """Return where this node has the file; for what opens a path in any case."""
        return placed(str(self)) if str(self) in index else str(self)


class Reader(TraversableResources):
    """The reader of a package's files, by the folder that it has in an image."""

    def __init__(self, folder: str) -> None:
        self._folder = Located(folder)

    def files(self) -> Located:
        """Return the folder."""
        return self._folder


def _as_file(path: Located) -> AbstractContextManager[pathlib.Path]:
    # For all processes of the node, such as LLVM's library, which llvmlite opens so.
    files = list(below(str(path)))
    file = place(str(path), files) + str(path) if files else placed(str(path))
    return nullcontext(pathlib.Path(file))


resources.as_file.register(Located, _as_file)  # type: ignore[attr-defined]
