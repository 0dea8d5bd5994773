"""The second bundle: packages that a user has baked into a derived image.

`python -m hpcpy_bake` writes it beside site-packages.  It is looked for at the
first import of a name that the interpreter itself does not have, and only
where site-packages has changed since the image was built: a start of an image
without one asks for nothing that it did not ask for before.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ExtensionFileLoader

from _hpcpy_memory import BAKED, Bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from _hpcpy_folders import Folder

# Where the packs are, too; below the library's folder.
FOLDER = BAKED.rpartition("/")[0]


class Packed(ExtensionFileLoader):
    """An extension module that shares one file with others.

    Parameters
    ----------
    fullname, path
        As of any file loader; the path is that of its own file, which stays.
    pack, name
        The file that is opened, and what the module is called in it.
    """

    def __init__(self, fullname: str, path: str, pack: str, name: str) -> None:
        super().__init__(fullname, path)
        self.pack = pack
        self.packed_name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Create the module, as its own file would."""
        import _hpcpy_bundle  # type: ignore[import-not-found]  # noqa: PLC0415

        made: ModuleType = _hpcpy_bundle.create(
            super().create_module, spec, self.path, self.pack, self.packed_name
        )
        return made


class Linked(ExtensionFileLoader):
    """An extension module whose libraries are opened by their paths first.

    The loader then knows them by their names; it would search for each.
    """

    def __init__(self, fullname: str, path: str, libraries: list[str]) -> None:
        super().__init__(fullname, path)
        self.libraries = libraries

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Create the module."""
        import _hpcpy_bundle  # noqa: PLC0415

        for library in self.libraries:
            _hpcpy_bundle.load(library)
        return super().create_module(spec)


class Baked(Bundle):
    """The second bundle's bytes."""

    def __init__(self, data: memoryview, library: str) -> None:
        self._gone: tuple[str, ...] = ()
        super().__init__(data, library)
        # None of its own, and no listing of what it has whole.
        self.add_nothing()
        self.packed: dict[str, tuple[str, str]] = self._index["packed"]
        self.libraries: dict[str, list[str]] = self._index["libraries"]
        self.distributions: dict[str, list[str]] = self._index["distributions"]

    def leave_out(self, tops: Iterable[str]) -> None:
        """Know some packages no more, as others lie in their place."""
        gone = frozenset(tops)
        site = self.roots[-1].path
        self._gone = tuple(f"{site}/{top}/" for top in gone)
        for root in self.roots:
            root.outside |= gone

    def folder(self, path: str) -> Folder:
        """Return the finder of a folder; a path hook."""
        if f"{path}/".startswith(self._gone):
            raise ImportError("replaced since it was baked", path=path)
        return super().folder(path)

    def shared(self, fullname: str, path: str) -> ExtensionFileLoader:
        """Return the loader of an extension module."""
        known = path[len(self.library) :]
        if known in self.packed:
            pack, name = self.packed[known]
            return Packed(fullname, path, f"{self.library}{FOLDER}/{pack}", name)
        return Linked(fullname, path, self.libraries.get(known, []))


def start(data: memoryview, bundle: Bundle, time: float) -> Baked:
    """Import from a second bundle as well.

    Parameters
    ----------
    data
        All of it.
    bundle
        The first.
    time
        When site-packages was last changed.

    Returns
    -------
    Baked
        The second.
    """
    baked = Baked(data, bundle.library)
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
