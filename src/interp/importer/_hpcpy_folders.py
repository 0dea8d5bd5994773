"""The bundle's folders: modules, found and loaded from memory.

The bundle (see `_hpcpy_memory`) knows some folders of this installation: the
standard library, site-packages and all packages below them.

- `PathEntryFinder` is a path entry finder that answers for one such folder from its
  table.  Python gets it from `sys.path_hooks`, so that `pkgutil`, namespace
  packages and a `__path__` that somebody extends work as with any folder.
- `Loader` is a `SourceFileLoader` that has the code already.  It takes the
  source, data files and resources from the real tree when asked.

This module is frozen into the interpreter and runs before there are codecs, `os`
or `importlib`: it may use only modules that are written in C.
"""

import _imp
import posix
import sys
from _frozen_importlib import BuiltinImporter, ModuleSpec
from _frozen_importlib_external import (
    BYTECODE_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType, ModuleType
    from typing import Any

    from _hpcpy_memory import Bundle

_TAG = sys.implementation.cache_tag
# What a folder of files may have, for CPython's finder.
FILES = (
    (ExtensionFileLoader, _imp.extension_suffixes()),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)
# Kinds of entries in a folder's table: (kind, offset of the code or file name).
MODULE, PACKAGE, SHARED, SOURCE, BUILT_IN, SUBFOLDER = range(6)


class Loader(SourceFileLoader):
    """A source file whose code is in the bundle, at an offset."""

    def __init__(self, fullname: str, path: str, bundle: "Bundle", offset: int) -> None:
        super().__init__(fullname, path)
        self.bundle = bundle
        self.offset = offset

    def __reduce__(self) -> "tuple[type[SourceFileLoader], tuple[str, str]]":
        # Elsewhere, the file is loaded.
        return SourceFileLoader, (self.name, self.path)

    def get_code(self, fullname: str) -> "CodeType | None":
        """Return the code; with -O from the source, as the bundle's code has assertions."""
        if sys.flags.optimize:
            if self.bundle.files:
                return self.source_to_code(self.get_data(self.path), self.path)
            return super().get_code(fullname)
        self.bundle.begins(fullname)
        code = self.bundle.code(self.offset)
        # In a moved image the path is not the one that the code was compiled with.
        _imp._fix_co_filename(code, self.path)  # type: ignore[attr-defined]
        return code

    def get_data(self, path: str) -> bytes:
        """Return a file's content, such as the source."""
        if files := self.bundle.files:
            if (below := self.bundle.below(path)) is not None:
                path = self.bundle.library + below
            if path.startswith(f"{sys.base_prefix}/"):
                return files.read(path)
        return super().get_data(path)

    def get_resource_reader(self, name: str | None = None) -> "Any":
        """Return what reads the files beside the module, for `importlib.resources`."""
        if self.bundle.files and self.path.startswith(self.bundle.library):
            from _hpcpy_resources import Reader  # noqa: PLC0415

            return Reader(self.path.rpartition("/")[0])
        return super().get_resource_reader(name)


class _PlacedExtension(ExtensionFileLoader):
    """A module's shared object that is in the executable: the loader opens a copy."""

    def create_module(self, spec: ModuleSpec) -> "ModuleType":
        from _hpcpy_files import placed  # noqa: PLC0415

        spec.origin = self.path = placed(self.path)
        return super().create_module(spec)


class _PlacedPackage(Loader):
    """A package whose files this node gets as such; its modules stay in memory."""

    def create_module(self, spec: ModuleSpec) -> None:
        from _hpcpy_files import below, place  # noqa: PLC0415

        bundle, package = self.bundle, self.path.rpartition("/")[0]
        folders = [package]
        if libraries := bundle.hooks["placed"][self.name]:  # in a folder beside it
            folders.append(f"{package.rpartition('/')[0]}/{libraries}")
        try:
            root = place(package, [path for folder in folders for path in below(folder)])
        except OSError as error:
            raise ImportError(f"hpcpy: {error}", name=self.name) from None
        bundle.placed = root + bundle.library
        spec.origin = self.path = root + self.path
        spec.submodule_search_locations = [root + package]


def _built_in(fullname: str) -> ModuleSpec | None:
    importer: Any = BuiltinImporter
    return ModuleSpec(fullname, importer, origin="built-in") if _imp.is_builtin(fullname) else None


class PathEntryFinder(FileFinder):
    """Finds the modules of one folder without asking the file system.

    Tools such as pkg_resources know a folder by its finder's class, which is CPython's.
    """

    def __init__(self, bundle: "Bundle", path: str, offset: int) -> None:
        super().__init__(path, *FILES)
        self.outside: frozenset[str] = frozenset()
        self._bundle = bundle
        self._offset = offset
        self._entries: dict[str, tuple[int, int | str]] | None = None
        self.is_open = False
        self._listing: frozenset[str] | None = None

    @property
    def entries(self) -> dict[str, tuple[int, int | str]]:
        """Its modules and subfolders by name, read at the first use."""
        if self._entries is None:
            self.is_open, self._entries = self._bundle.load(self._offset)
        return self._entries

    def find_spec(self, fullname: str, target: "ModuleType | None" = None) -> ModuleSpec | None:
        """Find a module, also one that was installed after the build."""
        return self.bundled(fullname) or self._installed(fullname, target)

    def bundled(self, fullname: str) -> ModuleSpec | None:
        """Find a module that is in the bundle."""
        name = fullname.rpartition(".")[2]
        entry = self.entries.get(name)
        if entry is None or fullname in self.outside:
            return None
        kind, where = entry
        if isinstance(where, int):
            if kind == PACKAGE:
                home = f"{self.path}/{name}"
                return self._spec(fullname, f"{home}/__init__.py", where, home)
            return self._spec(fullname, f"{self.path}/{name}.py", where)
        path = f"{self.path}/{where}"
        if kind == SUBFOLDER:
            spec = ModuleSpec(fullname, None)
            spec.submodule_search_locations = [path]
            return spec
        if kind == BUILT_IN:
            return _built_in(fullname)
        is_in_memory = self._bundle.files and path.startswith(self._bundle.library)
        shared = _PlacedExtension if is_in_memory else ExtensionFileLoader
        make = shared if kind == SHARED else SourceFileLoader
        loader = make(fullname, path)
        spec = ModuleSpec(fullname, loader, origin=path)
        spec.has_location = True
        if path.endswith(f"/{name}/__init__.py"):
            spec.submodule_search_locations = [f"{self.path}/{name}"]
        return spec

    def _spec(self, fullname: str, path: str, offset: int, home: str | None = None) -> ModuleSpec:
        is_placed = self._bundle.files and fullname in self._bundle.hooks["placed"]
        kind = _PlacedPackage if is_placed else Loader
        spec = ModuleSpec(fullname, kind(fullname, path, self._bundle, offset), origin=path)
        spec.has_location = True
        if home:
            spec.submodule_search_locations = [home]
        folder, _, file = path.rpartition("/")
        # There is no such file, but programs ask for its name; ModuleSpec takes 5 us a
        # module to work it out.
        spec.cached = f"{folder}/__pycache__/{file[:-2]}{_TAG}.pyc"
        return spec

    def _installed(self, fullname: str, target: "ModuleType | None") -> ModuleSpec | None:
        # A regular package is complete: what its table does not have is not
        # there.  site-packages and namespace packages may have grown.
        name = fullname.rpartition(".")[2]
        if name in self.entries or not self.is_open or fullname in self.outside:
            return None
        if fullname in sys.stdlib_module_names:
            # A module of another system, such as msvcrt, which the library tries.
            return None
        added = self._bundle.added
        spec = added.find_in(self.path, fullname) if added else None
        if spec is not None:
            return spec
        if self._listing is None:
            self._listing = frozenset(self._list())
        return super().find_spec(fullname, target) if name in self._listing else None

    @property
    def is_complete(self) -> bool:
        """Whether it is known that the bundles have all that lies here."""
        return self._listing is not None and not self._listing

    def take_as_complete(self, others: "Iterable[str]") -> None:
        """Take these names as all that lies here besides the bundles', and look no more."""
        self._listing = frozenset(others)

    def _list(self) -> list[str]:
        if self._bundle.files:
            return []
        try:
            # All files of an image have one time: nothing was added since.
            if posix.stat(self.path).st_mtime == self._bundle.epoch:
                return []
            return [entry.partition(".")[0] for entry in posix.listdir(self.path)]
        except OSError:
            return []

    def iter_modules(self, prefix: str = "") -> "Iterator[tuple[str, bool]]":
        """Name the modules here, for `pkgutil`."""
        for name, (kind, _) in self.entries.items():
            if name != "__init__" and kind != SUBFOLDER:
                yield prefix + name, kind == PACKAGE
        for name in sorted(set(self._list() if self.is_open else ()) - set(self.entries)):
            spec = super().find_spec(name)
            if spec is not None and spec.loader is not None:
                yield prefix + name, spec.submodule_search_locations is not None

    def invalidate_caches(self) -> None:
        """Forget the listing, so that what was installed meanwhile is found."""
        super().invalidate_caches()
        self._listing = None
