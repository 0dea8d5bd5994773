"""Imports from memory, and of what is a user's.

`install` puts a `MetaPathFinder` before CPython's in `sys.meta_path`, and two hooks in
`sys.path_hooks`: for the bundle's folders (see `_hpcpy_folders`) and for a user's.
"""

import _thread
import sys
from _frozen_importlib import BuiltinImporter
from _frozen_importlib_external import FileFinder, PathFinder

import _hpcpy_path
from _hpcpy_folders import FILES
from _hpcpy_memory import Bundle
from _hpcpy_path import LIBRARY, OTHER, PACKAGE, STANDARD_INPUT, Start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable, Iterable, Sequence
    from importlib.metadata import PathDistribution
    from types import ModuleType
    from typing import Any

# As they are now: tools that wrap each finder's method (importhook) would wrap a spec twice.
_find_on_path, _search = PathFinder.find_spec, PathFinder.find_distributions
# CPython's example of a frozen package: the bundle has it for -X frozen_modules=off.
_FROZEN_EXAMPLE = "__phello__"


class MetaPathFinder:
    """Finds top-level modules where the rule of `_hpcpy_path` says."""

    # Also while a program has emptied sys.meta_path.
    installed: "MetaPathFinder | None" = None

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        *library, site = bundle.roots
        self.start = Start([root.path for root in library], site.path)
        self._has_warned = False
        self.path_hooks: tuple[Any, ...] = ()  # CPython's and ours
        self._asked: set[tuple[int, str]] = set()  # of other finders, by which thread
        self._before: dict[str, tuple[str, ...]] = bundle.hooks["before"]
        self._after = bundle.hooks["after"] | (bundle.hooks["with_files"] if bundle.files else {})

    def find_spec(
        self, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find a top-level module; a `PathEntryFinder` finds what is in a package."""
        spec = None if path is not None else self._find(fullname, target)
        if fullname in self._before or fullname in self._after:
            spec = spec or self._find_elsewhere(fullname, path, target)
            if spec is not None and hasattr(spec.loader, "exec_module"):
                _surround(spec, self._before.get(fullname, ()), self._after.get(fullname))
        return spec

    def _find(self, fullname: str, target: "ModuleType | None") -> "ModuleSpec | None":
        kind = self.kind(fullname)
        start, order = self.start, _hpcpy_path.places(kind, self.start)
        if kind == OTHER or fullname == _FROZEN_EXAMPLE or order is sys.path:
            return None
        if kind == LIBRARY:
            return _regular(_find_on_path(fullname, order, target))
        own = order[: order.index(start.site)]
        spec = _regular(_find_on_path(fullname, own, target)) if own else None
        if spec is not None:
            return spec
        if not self._has_warned and (start.pythonpath or start.program in STANDARD_INPUT):
            from _hpcpy_say import warn_of_hidden  # noqa: PLC0415

            # Once is enough: further look-ups would only cost time.
            self._has_warned = warn_of_hidden(fullname, start)
        spec = _find_on_path(fullname, [start.site], target)
        if spec is None or spec.loader is not None:
            return spec
        # Portions of a namespace package may lie in all places, another package may not.
        every = _find_on_path(fullname, order, target)
        return spec if every is None or every.loader is not None else every

    def kind(self, fullname: str) -> int:
        """Tell whose a top-level module is, by its name."""
        *library, site = self.bundle.roots
        if fullname in site.entries:
            return PACKAGE
        if any(fullname in root.entries for root in library):
            return LIBRARY
        if fullname in sys.stdlib_module_names or fullname in sys.builtin_module_names:
            return OTHER
        # By the path, the folder of site-packages looks into the second bundle itself.
        if not self.start.site or (added := self.bundle.added) is None:
            return OTHER
        return PACKAGE if fullname in added.roots[-1].entries else OTHER

    def _find_elsewhere(
        self, fullname: str, path: "Sequence[str] | None", target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        # A finder in front of this one asks those behind it, and one of these may ask all.
        asked, finders = (_thread.get_ident(), fullname), sys.meta_path
        if asked in self._asked:
            return None
        behind = finders[finders.index(self) + 1 :] if self in finders else finders
        self._asked.add(asked)
        try:
            others = (getattr(other, "find_spec", None) for other in behind)
            specs = (find_spec(fullname, path, target) for find_spec in others if find_spec)
            return next(filter(None, specs), None)
        finally:
            self._asked.remove(asked)


class UserFolder(FileFinder):
    """A folder outside of the image, which is looked at once for an import of the image's.

    Packages try modules that nobody has (numba tries scipy, for one).  While a module of the
    image is imported, what a folder had at the first look counts; the folder that a command was
    started in has nothing.
    """

    def __init__(self, finder: MetaPathFinder, path: str) -> None:
        super().__init__(path, *FILES)
        self._finder = finder
        # As sys.path has it: `path` is absolute.
        self._entry = path
        # The import that it was last looked at for: its name, or its spec once it is executed.
        self._looked_for: ModuleSpec | str = ""

    def find_spec(self, fullname: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        """Find a module in this folder."""
        if "." not in fullname:
            outermost = self._finder.bundle.importing()
            if outermost is None:
                self._looked_for = fullname
            elif not self._may_have(fullname, outermost):
                return None
        return super().find_spec(fullname, target)

    def names(self, outermost: "ModuleSpec") -> "set[str] | None":
        """Return what it had at the look for an import; None before that look."""
        has_looked = self._looked_for is outermost or self._looked_for == outermost.name
        is_known: bool = has_looked and self._path_mtime != -1  # type: ignore[attr-defined]
        return self._path_cache if is_known else None  # type: ignore[attr-defined]

    def _may_have(self, fullname: str, outermost: "ModuleSpec") -> bool:
        names = self.names(outermost)
        self._looked_for = outermost
        if names is not None and not any(name.partition(".")[0] == fullname for name in names):
            return False
        return not _hpcpy_path.is_of_command(self._entry, self._finder.start)


def _hook(finder: MetaPathFinder) -> "Callable[[str], UserFolder]":
    """Return a path hook for folders outside of the image."""
    check = FileFinder.path_hook()

    def user_folder(path: str) -> UserFolder:
        others = [each for each in sys.path_hooks if each not in finder.path_hooks]
        # The second bundle's comes later.
        if any(not isinstance(getattr(each, "__self__", None), Bundle) for each in others):
            # Tools such as beartype put theirs right before CPython's, and so after this one.
            raise ImportError("a hook of the program's decides", path=path)
        if not (finder.bundle.importing() and _hpcpy_path.is_of_command(path, finder.start)):
            check(path)  # an ImportError for what is no folder
        return UserFolder(finder, path)

    return user_folder


def _surround(spec: "ModuleSpec", before: "tuple[str, ...]", after: str | None) -> None:
    """Let hooks' `before` precede the execution of a module, `after` follow it."""
    loader: Any = spec.loader
    execute, due = loader.exec_module, [*before]
    read_code: Any = getattr(loader, "get_code", None)

    def precede(name: str) -> None:
        # A zip file's modules share their loader.
        while due and name == spec.name:
            __import__(due.pop(0)).before(name)

    def exec_module(module: "ModuleType") -> None:
        precede(module.__name__)
        execute(module)
        if after and module.__name__ == spec.name:
            __import__(after).after(module)

    def get_code(fullname: str) -> "Any":
        precede(fullname)
        return read_code(fullname)

    loader.exec_module = exec_module
    # `python -m` executes a module's code without an import of the module.
    if before and read_code is not None and spec.submodule_search_locations is None:
        loader.get_code = get_code


def _regular(spec: "ModuleSpec | None") -> "ModuleSpec | None":
    # A namespace package may have portions elsewhere: CPython's finder collects them.
    return spec if spec is not None and spec.loader is not None else None


def finder() -> MetaPathFinder:
    """Return the finder in use, if this interpreter's modules come from a bundle."""
    if MetaPathFinder.installed is None:
        raise ImportError("hpcpy: this interpreter has no modules in memory")
    return MetaPathFinder.installed


def _find_distributions(context: "Any" = None) -> "Iterable[PathDistribution]":
    """Find distributions in the order in which imports look, the image's in memory."""
    is_of_folders = context is not None and ("path" in vars(context) or context.name == "")
    if context is None or (is_of_folders and not Bundle.files):
        return _search(*([] if context is None else [context]))
    from _hpcpy_metadata import of_folders, search  # noqa: PLC0415

    if is_of_folders:
        return of_folders(finder().bundle, context, _search)
    return search(finder(), context.name, _search)


def install(data: memoryview, library: str) -> MetaPathFinder:
    """Make the bundle what Python imports from: its finder is then first in `sys.meta_path`."""
    bundle = Bundle(data, library)
    first = MetaPathFinder.installed = MetaPathFinder(bundle)
    sys.meta_path.insert(0, first)
    find_built_in, packages = BuiltinImporter.find_spec, bundle.roots[-1]

    def find_spec(fullname: str, path: "Any" = None, target: "Any" = None) -> "ModuleSpec | None":
        """Find a built-in module, that of a package where the package is the image's."""
        spec: ModuleSpec | None = find_built_in(fullname, path, target)
        package = fullname.rpartition(".")[0]
        if spec is None or not (package or fullname in packages.entries):
            return spec
        home = f"{packages.path}/{package.replace('.', '/')}".removeprefix(library)
        return spec if package and home in map(bundle.below, path or ()) else None

    # These classes stay CPython's: tools look for them by name and by identity.
    BuiltinImporter.find_spec = staticmethod(find_spec)  # type: ignore[method-assign]
    PathFinder.find_distributions = staticmethod(_find_distributions)  # type: ignore[method-assign]
    sys.path_hooks[:0] = [bundle.folder, _hook(first)]
    first.path_hooks = tuple(sys.path_hooks)
    sys.path_importer_cache.clear()
    if sys.flags.no_site:
        first.start.site = ""
    return first
