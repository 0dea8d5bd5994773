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
    """Return a distribution's name as the bundles write it."""
    return name.lower().replace("-", "_").replace(".", "_")


def narrowed(context: Any, finder: Finder) -> Any:
    """Return a question for a name without the folders that the bundles know all of.

    Programs ask for what is nowhere, and each question costs 14 calls and lists
    the working directory.  Asked anew are the folders of a user's alone.

    Parameters
    ----------
    context
        The question, for a name and all of `sys.path`.
    finder
        What knows the bundles.
    """
    bundle = finder.bundle
    added = bundle.added
    name = normal(context.name)
    known = any(name in each.about["folders"] for each in (bundle, added) if each is not None)
    if known or not bundle.roots[-1].is_complete:
        # One of ours that somebody wants from elsewhere, or packages that came later.
        return context
    closed = {*_without_metadata(bundle), bundle.roots[-1].path}
    path = [_named(entry) for entry in sys.path if entry not in closed]
    return type(context)(name=context.name, path=path)


def everything(
    finder: Finder, search: Callable[[Any], Iterable[PathDistribution]]
) -> Iterator[PathDistribution]:
    """Name all distributions in the order of `sys.path`, the image's from memory.

    Parameters
    ----------
    finder
        What knows the bundles.
    search
        Finds those of a user's folders.
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
    # importlib.metadata cannot tell the time of a folder without a name, and
    # lists it again for each question.
    if entry:
        return entry
    try:
        return os.getcwd()
    except OSError:
        return entry


class Known(PathDistribution):
    """A distribution that asks the file system for no file that is not there.

    Programs ask each for ``direct_url.json`` and ``entry_points.txt``, which few
    have.

    Parameters
    ----------
    folder
        Its dist-info folder.
    bundle
        What knows it.
    files
        The names of all files in the folder, each with the place of its text
        in the bundle or None.
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
