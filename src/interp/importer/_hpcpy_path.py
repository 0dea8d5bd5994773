"""Folders of `sys.path` outside of the image, and the distributions on `sys.path`.

It is frozen, as `_hpcpy_importer` is, which puts both in place.
"""

import posix
import sys
from _frozen_importlib_external import FileFinder, PathFinder

from _hpcpy_folders import FILES
from _hpcpy_memory import Bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable, Iterable
    from importlib.metadata import PathDistribution
    from types import ModuleType
    from typing import Any

    from _hpcpy_importer import Finder

# CPython's, which imports importlib.metadata.
_search = PathFinder.find_distributions


class UserFolder(FileFinder):
    """A folder outside of the image, which is not read for what packages of the image try.

    Packages try modules that nobody has (numba tries scipy, for one).  While a module of the
    image is imported, what a folder had when it was last read counts; the working folder of
    ``python -c`` and the prompt, if it was not read yet, has nothing.
    """

    def __init__(self, finder: "Finder", path: str) -> None:
        super().__init__(path, *FILES)
        self._finder = finder

    def find_spec(self, fullname: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        """Find a module in this folder."""
        is_top = "." not in fullname
        if is_top and self._finder.bundle.is_importing() and not self._may_have(fullname):
            return None
        return super().find_spec(fullname, target)

    def _may_have(self, fullname: str) -> bool:
        if self._path_mtime == -1:  # type: ignore[attr-defined]
            return self._finder.packages_by_path or self.path in self._finder.leaked
        names: set[str] = self._path_cache  # type: ignore[attr-defined]
        return any(entry.partition(".")[0] == fullname for entry in names)


def hook(finder: "Finder") -> "Callable[[str], UserFolder]":
    """Return a path hook for folders outside of the image."""
    check = FileFinder.path_hook()

    def user_folder(path: str) -> UserFolder:
        if any(_is_foreign(each, finder) for each in sys.path_hooks):
            # Tools such as beartype put theirs right before CPython's, and so after this one.
            raise ImportError("a hook of the program's decides", path=path)
        if not (finder.bundle.is_importing() and _is_working_folder(path)):
            check(path)  # an ImportError for what is no folder
        return UserFolder(finder, path)

    return user_folder


def _is_working_folder(path: str) -> bool:
    try:
        return path == posix.getcwd()
    except OSError:
        return False


def _is_foreign(hook: "Any", finder: "Finder") -> bool:
    # The second bundle's comes later.
    is_ours = isinstance(getattr(hook, "__self__", None), Bundle)
    return not is_ours and all(hook is not known for known in finder.path_hooks)


def distributions(finder: "Finder") -> "Callable[..., Iterable[PathDistribution]]":
    """Return what takes the place of PathFinder.find_distributions."""

    def find_distributions(context: "Any" = None) -> "Iterable[PathDistribution]":
        """Find distributions in the order in which imports look, the image's in memory."""
        if context is None:
            return _search()
        is_of_folders = "path" in vars(context) or context.name == ""
        if is_of_folders and not Bundle.files:
            return _search(context)
        from _hpcpy_metadata import of_folders, search  # noqa: PLC0415

        if is_of_folders:
            return of_folders(finder.bundle, context, _search)
        return search(finder, context.name, _search)

    return find_distributions
