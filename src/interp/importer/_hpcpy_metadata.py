"""A distribution's metadata, where the bundle knows all of its files."""

from __future__ import annotations

import sys
from importlib import metadata
from importlib.metadata import DistributionFinder, PathDistribution
from pathlib import Path

from _hpcpy_importer import UserFolder
from _hpcpy_path import PACKAGE, places, working_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from _hpcpy_importer import MetaPathFinder
    from _hpcpy_memory import Bundle

_normal: Callable[[str], str] = vars(metadata)["Prepared"].normalize


def search(
    finder: MetaPathFinder, name: str | None, stock: Callable[[Any], Iterable[PathDistribution]]
) -> Iterator[PathDistribution]:
    """Yield distributions in the order in which imports look, the image's from memory.

    Programs ask for distributions that are nowhere, and each query of CPython's costs 14
    calls and lists the working directory.  Without a name all are found; `stock` finds those
    in folders that the bundles do not know.
    """
    site = finder.bundle.roots[-1]
    bundles = [finder.bundle, finder.bundle.added]
    if not site.is_complete:
        # Something was installed since: another version may lie there.
        bundles = []
    # These have none.
    closed = {root.path for root in finder.bundle.roots[:-1]} if site.is_complete else ()
    for entry in _in_order(finder, name):
        if entry == site.path and bundles:
            for bundle in bundles:
                yield from () if bundle is None else _known(bundle, site.path, name)
        elif entry not in closed:
            # CPython cannot get the time of the folder "", and would list it for each query.
            path = [entry or working_folder()]
            yield from stock(DistributionFinder.Context(name=name, path=path))


def of_folders(
    bundle: Bundle, context: Any, stock: Callable[[Any], Iterable[PathDistribution]]
) -> Iterator[PathDistribution]:
    """Yield what some folders have, where the executable has site-packages' files in itself."""
    site = bundle.roots[-1].path
    if site in context.path and context.name != "":
        yield from _known(bundle, site, context.name)
    yield from stock(context)


def _in_order(finder: MetaPathFinder, name: str | None) -> list[str]:
    order, outermost = places(PACKAGE, finder.start), finder.bundle.importing()
    if name is None or order is sys.path or outermost is None:
        return order

    def may_have(entry: str) -> bool:
        folder = sys.path_importer_cache.get(entry or working_folder())
        names = folder.names(outermost) if isinstance(folder, UserFolder) else None
        parts = (each.partition("-")[0].removesuffix(".egg") for each in names or ())
        return names is None or _normal(name) in map(_normal, parts)

    # What has no such distribution is not asked before the image.
    first = [entry for entry in order if entry == finder.start.site or may_have(entry)]
    return first + [entry for entry in order if entry not in first]


def _known(bundle: Bundle, site: str, name: str | None) -> Iterator[Known]:
    about = bundle.about
    for each in about["folders"] if name is None else [_normal(name)]:
        if folder := about["folders"].get(each):
            yield Known(f"{site}/{folder}", bundle, about["metadata"][each])


class Known(PathDistribution):
    """A distribution that looks for no file that its folder does not have.

    Programs ask each distribution for ``direct_url.json`` and ``entry_points.txt``,
    which few have.  `files` names all files of its folder, each with the offset of its text
    in the bundle, or None.
    """

    def __init__(self, folder: str, bundle: Bundle, files: Mapping[str, int | None]) -> None:
        super().__init__(Path(folder))
        self._bundle = bundle
        self._files = files

    def locate_file(self, path: Any) -> Any:
        """Return a file's path, from which the executable's own can be read, too."""
        file = super().locate_file(path)
        if self._bundle.files:
            from _hpcpy_resources import Located  # noqa: PLC0415

            return Located().with_segments(file)
        return file

    def read_text(self, filename: str) -> str | None:  # type: ignore[override]
        """Return the text of a file of the folder, None when there is none."""
        # An empty name is the folder itself, for eggs.
        if not filename or "/" in filename:
            return super().read_text(filename)
        if filename not in self._files:
            return None
        offset = self._files[filename]
        if offset is None:
            if files := self._bundle.files:
                return files.read(f"{self._path}/{filename}").decode()
            return super().read_text(filename)
        text: str = self._bundle.load(offset)
        return text
