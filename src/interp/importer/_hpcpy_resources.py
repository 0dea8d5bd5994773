"""`importlib.resources` of the library's files in the executable: see `_hpcpy_files`.

A package's folder is what `zipfile.Path` shows of it: packages know that from zip files.
"""

from __future__ import annotations

import io
import pathlib
import zipfile
from contextlib import AbstractContextManager, nullcontext
from importlib import resources
from importlib.resources.abc import Traversable, TraversableResources
from typing import Any

import _hpcpy_files


class _Folder(zipfile.CompleteDirs):
    """The files below a folder, as `zipfile.Path` reads them."""

    def __init__(self, folder: str) -> None:
        names = [path[len(folder) + 1 :] for path in _hpcpy_files.below(folder)]
        self.NameToInfo = {name: zipfile.ZipInfo(name) for name in names}
        self.filelist = list(self.NameToInfo.values())
        self.filename = folder
        self.fp = None  # There is nothing to close.

    def open(self, name: str, *_: Any, **__: Any) -> io.BytesIO:  # type: ignore[override]
        return io.BytesIO(_hpcpy_files.read(f"{self.filename}/{name}"))


class Resource(zipfile.Path):
    """A file or folder of the executable."""

    def __fspath__(self) -> str:
        """Return where this node has the file; for what opens a path in any case."""
        return _hpcpy_files.placed(str(self))


class Reader(TraversableResources):
    """The reader of a package's files, by the folder that it has in an image."""

    def __init__(self, folder: str) -> None:
        self._files = Resource(_Folder(folder))

    def files(self) -> Resource:
        """Return the folder."""
        return self._files


_of_folder = resources.as_file.dispatch(Traversable)  # type: ignore[attr-defined]


def _as_file(resource: Resource) -> AbstractContextManager[pathlib.Path]:
    # Other packages' copies go at the end; this one is for all processes of the node, such as
    # LLVM's library, which llvmlite opens so.
    if resource.is_file():
        return nullcontext(pathlib.Path(resource))
    return _of_folder(resource)  # type: ignore[no-any-return]


resources.as_file.register(Resource, _as_file)  # type: ignore[attr-defined]
