"""A distribution's metadata, where the bundle knows all of its files."""

from __future__ import annotations

import os
import sys
from importlib.metadata import DistributionFinder, PathDistribution
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from _hpcpy_importer import Finder
    from _hpcpy_memory import Bundle


def normal(name: str) -> str:
    """Return a distribution's name as the bundles spell it."""
    return name.lower().replace("-", "_").replace(".", "_")


def narrowed(context: Any, finder: Finder) -> Any:
    """Return a query for one name without the folders that the bundles know completely.

    Programs ask for distributions that are nowhere, and each query costs 14 calls and
    lists the working directory.  The new query searches only a user's folders.

    Parameters
    ----------
    context
        The query, for a name and all of `sys.path`.
    finder
        The finder with the bundles.
    """
    bundle = finder.bundle
    added = bundle.added
    name = normal(context.name)
    known = any(name in each.about["folders"] for each in (bundle, added) if each is not None)
    if known or not bundle.roots[-1].is_complete:
        # A package of ours that is wanted from elsewhere, or packages installed later.
        return context
    closed = {*_without_metadata(bundle), bundle.roots[-1].path}
    path = [_named(entry) for entry in sys.path if entry not in closed]
    return type(context)(name=context.name, path=path)


def everything(
    finder: Finder, search: Callable[[Any], Iterable[PathDistribution]]
) -> Iterator[PathDistribution]:
    """Yield all distributions in the order of `sys.path`, the image's from memory.

    Parameters
    ----------
    finder
        The finder with the bundles.
    search
        Finds the distributions in a user's folders.
    """
    bundle = finder.bundle
    added = bundle.added
    site = bundle.roots[-1]
    closed = _without_metadata(bundle) if site.is_complete else frozenset()
    for entry in sys.path:
        if entry == site.path and site.is_complete:
            for each in (bundle, added):
                yield from () if each is None else _known(each, site.path)
        elif entry not in closed:
            yield from search(DistributionFinder.Context(path=[_named(entry)]))


def _known(bundle: Bundle, site: str) -> Iterator[Known]:
    about = bundle.about
    for name, folder in about["folders"].items():
        if folder:
            yield Known(f"{site}/{folder}", bundle, about["metadata"][name])


def _without_metadata(bundle: Bundle) -> frozenset[str]:
    library = bundle.library
    parent, _, version = library.rpartition("/")
    archive = f"{parent}/{version.replace('.', '')}.zip"
    others = (root.path for root in bundle.roots[:-1])
    return frozenset({*others, f"{library}/lib-dynload", archive})


def _named(entry: str) -> str:
    # importlib.metadata cannot get the time of the folder "", the working directory, and
    # would list it again for each query.
    if entry:
        return entry
    try:
        return os.getcwd()
    except OSError:
        return entry


class Known(PathDistribution):
    """A distribution that looks for no file that its folder does not have.

    Programs ask each distribution for ``direct_url.json`` and ``entry_points.txt``,
    which few have.

    Parameters
    ----------
    folder
        Its dist-info folder.
    bundle
        The bundle with its metadata.
    files
        The names of all files in the folder, each with the offset of its text
        in the bundle, or None.
    """

    def __init__(self, folder: str, bundle: Bundle, files: Mapping[str, int | None]) -> None:
        super().__init__(Path(folder))
        self._bundle = bundle
        self._files = files

    def read_text(self, filename: str) -> str | None:  # type: ignore[override]
        """Return the text of a file of the folder, None when there is none."""
        # An empty name is the folder itself, for eggs.
        if not filename or "/" in filename:
            return super().read_text(filename)
        if filename not in self._files:
            return None
        offset = self._files[filename]
        if offset is None:
            return super().read_text(filename)
        text: str = self._bundle.load(offset)
        return text
