"""The second bundle: packages that a user has baked into a derived image.

`python -m hpcpy_bake` writes it beside site-packages.  It is looked for at the
first import of a name that the interpreter itself does not have, and only
if site-packages has changed since the image was built: without one, a start
makes no further path call.
"""

from __future__ import annotations

import os
import sys

from _hpcpy_memory import Bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _hpcpy_folders import PathEntryFinder


def _other_base(library: str, what: str) -> ImportError:
    return ImportError(
        f"hpcpy: the packages in {library}/hpcpy_baked were baked on {what}; "
        "bake again: python -m hpcpy_bake"
    )


class Baked(Bundle):
    """The second bundle's bytes, if they were baked on a base with this Python and format."""

    def __init__(self, data: memoryview, library: str) -> None:
        self._gone: tuple[str, ...] = ()
        try:
            super().__init__(data, library)
        except ImportError:
            raise _other_base(library, "another base") from None
        # It has no second bundle of its own, so `PathEntryFinder` never looks for one.
        self.add_nothing()
        self.distributions: dict[str, list[str]] = self._index["distributions"]

    def refuse_other_versions(self, packages: Mapping[str, Mapping[str, str]]) -> None:
        """Refuse a base whose packages are older than extension modules need, or too new."""
        # A bundle of an earlier hpcpy has no such entry.
        for name, version in self._index.get("built on", {}).items():
            there = packages.get(name, {}).get("version", "")
            if not _fits(version, there):
                has = f"this base has {there}" if there else "this base has none"
                raise _other_base(self.library, f"a base with {name} {version}, and {has}")

    def leave_out(self, tops: Iterable[str]) -> None:
        """Forget some packages, as others lie in their place."""
        gone = frozenset(tops)
        site = self.roots[-1].path
        self._gone = tuple(f"{site}/{top}/" for top in gone)
        for root in self.roots:
            root.outside |= gone

    def folder(self, path: str) -> PathEntryFinder:
        """Return the finder of a folder; a path hook."""
        if f"{path}/".startswith(self._gone):
            raise ImportError("replaced since it was baked", path=path)
        return super().folder(path)


def _fits(needed: str, there: str) -> bool:
    # By numpy's promise: a module built for 2.4 works with 2.5, but not with 2.3 or 3.0.
    wanted, version = _major_and_minor(needed), _major_and_minor(there)
    return version[:1] == wanted[:1] and version >= wanted


def _major_and_minor(version: str) -> list[int]:
    numbers = "".join(letter if letter.isdigit() else " " for letter in version).split()
    return [int(number) for number in numbers[:2]]


def start(data: memoryview, bundle: Bundle, time: float) -> Baked:
    """Import from a second bundle as well; an ImportError refuses one of another base.

    `bundle` is the first one, `time` when site-packages was last changed.
    """
    baked = Baked(data, bundle.library)
    baked.refuse_other_versions(bundle.about["packages"])
    site = bundle.roots[-1]
    if time == baked.epoch:
        site.take_as_complete(())
    else:
        # Something was installed since: a baked package may be another by now.
        there = set(os.listdir(site.path))
        site.take_as_complete(entry.partition(".")[0] for entry in there)
        baked.leave_out(
            top
            for folder, tops in baked.distributions.items()
            if folder not in there
            for top in tops
        )
    sys.path_hooks.insert(sys.path_hooks.index(bundle.folder) + 1, baked.folder)
    return baked
