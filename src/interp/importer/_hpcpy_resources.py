"""`importlib.resources` of the library's files in the executable: see `_hpcpy_files`."""

from __future__ import annotations

import io
import pathlib
from contextlib import AbstractContextManager, nullcontext
from importlib import resources
from importlib.resources.abc import Traversable, TraversableResources
from typing import TYPE_CHECKING, Any

import _hpcpy_files

if TYPE_CHECKING:
    from collections.abc import Iterator


class Resource(Traversable):
    """A file or folder of the executable, by the path that it would have in an image."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> str:
        """Return where this node has the file; for what opens a path in any case."""
        return _hpcpy_files.placed(self.path)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def is_file(self) -> bool:
        """Tell whether it is a file."""
        return self.path in _hpcpy_files.index

    def is_dir(self) -> bool:
        """Tell whether it is a folder."""
        return any(_hpcpy_files.below(self.path))

    def iterdir(self) -> Iterator[Resource]:
        """Yield what is in the folder."""
        start = len(self.path) + 1
        paths = _hpcpy_files.below(self.path)
        names = dict.fromkeys(path[start:].partition("/")[0] for path in paths)
        return (Resource(f"{self.path}/{name}") for name in names)

    def joinpath(self, *descendants: Any) -> Resource:
        """Return what is below the folder by a relative path."""
        path = pathlib.PurePosixPath(self.path, *descendants)
        return Resource(str(path))

    def read_bytes(self) -> bytes:
        """Return the content."""
        return _hpcpy_files.read(self.path)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """Return the content as text."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def open(self, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        """Open the file for reading."""
        stream = io.BytesIO(self.read_bytes())
        return stream if "b" in mode else io.TextIOWrapper(stream, *args, **kwargs)


class Reader(TraversableResources):
    """The reader of a package's files, by the folder that it would lie in."""

    def __init__(self, folder: str) -> None:
        self._folder = Resource(folder)

    def files(self) -> Resource:
        """Return the folder."""
        return self._folder


_of_folder = resources.as_file.dispatch(Traversable)  # type: ignore[attr-defined]


def _as_file(resource: Resource) -> AbstractContextManager[pathlib.Path]:
    # Other packages' copies go at the end; this one is for all processes of the node.
    if resource.is_file():
        return nullcontext(pathlib.Path(resource))
    return _of_folder(resource)  # type: ignore[no-any-return]


resources.as_file.register(Resource, _as_file)  # type: ignore[attr-defined]
