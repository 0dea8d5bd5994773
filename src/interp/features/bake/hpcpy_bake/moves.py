"""Put new files in their places, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hpcpy_bake.errors import BakeError


class Moves:
    """Renames on one file system, undone when the block is left by an exception."""

    def __init__(self) -> None:
        self._done: list[tuple[Path, Path]] = []
        self._times: dict[Path, tuple[int, int]] = {}

    def __enter__(self) -> Moves:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            return
        for source, target in reversed(self._done):
            source.parent.mkdir(parents=True, exist_ok=True)
            os.rename(target, source)
        for folder, times in self._times.items():
            with suppress(FileNotFoundError):
                os.utime(folder, ns=times)

    def rename(self, source: Path, target: Path) -> None:
        """Move a file or a whole folder."""
        for folder in (source.parent, target.parent):
            status = folder.stat()
            self._times.setdefault(folder, (status.st_atime_ns, status.st_mtime_ns))
        os.rename(source, target)
        self._done.append((source, target))

    def take_away(self, root: Path, names: Iterable[str], into: Path) -> None:
        """Move files away, and remove the folders that are then empty."""
        folders = set()
        for name in names:
            path = Path(os.path.normpath(root / name))
            if path.is_file() or path.is_symlink():
                target = into / str(len(self._done))
                self.rename(path, target)
                folders.add(path.parent)
        for folder in sorted(folders, key=lambda path: -len(path.parts)):
            _remove_empty(folder, root)

    def merge(self, source: Path, target: Path) -> None:
        """Move a tree into another; a new folder is moved as a whole."""
        for path in sorted(source.iterdir()):
            place = target / path.name
            if place.is_dir():
                self.merge(path, place)
            else:
                self.rename(path, place)


def refuse_to_overwrite(source: Path, target: Path) -> None:
    """Refuse to merge a tree into another if a file would be overwritten."""
    for path in sorted(source.iterdir()):
        place = target / path.name
        if path.is_dir() and not path.is_symlink() and place.is_dir():
            refuse_to_overwrite(path, place)
        elif os.path.lexists(place):
            raise BakeError(
                f"{place} is there already and would be overwritten; "
                "what has put it there cannot be in one image with this"
            )


def _remove_empty(folder: Path, root: Path) -> None:
    # The bytecode that Python has left there is removed, too.
    with suppress(OSError):
        while root in folder.parents:
            cache = folder / "__pycache__"
            if cache.is_dir():
                for file in cache.glob("*.pyc"):
                    file.unlink()
                cache.rmdir()
            folder.rmdir()
            folder = folder.parent
