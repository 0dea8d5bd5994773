"""Imports from memory, and the rule that says which module wins.

`install` puts a `Finder` first in `sys.meta_path` and two hooks first in `sys.path_hooks`:
the bundle's folders (see `_hpcpy_folders`) and a user's (see `_hpcpy_path`).  CPython's own
finders and hooks stay where they are.  All of ours are frozen into the interpreter.
"""

import posix
import sys
from _frozen_importlib import BuiltinImporter
from _frozen_importlib_external import PathFinder

from _hpcpy_folders import Folder
from _hpcpy_memory import Bundle
from _hpcpy_path import distributions, hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

# As it is now: tools that wrap each finder's method, such as importhook, would wrap a spec twice.
_find_on_path = PathFinder.find_spec
# CPython's example of a frozen package: the bundle has it for -X frozen_modules=off.
_FROZEN_EXAMPLE = "__phello__"
# What sys.argv has where there is no program: also at the prompt.
_STANDARD_INPUT = ("", "-")


class Finder:
    """Finds the bundle's top-level modules first, unless a user's own come before them."""

    # Also while a program has emptied sys.meta_path.
    installed: "Finder | None" = None

    def __init__(self, bundle: Bundle, leaked: frozenset[str]) -> None:
        self.bundle = bundle
        # The folders of PYTHONPATH, which hosts leak into containers.
        self.leaked = leaked
        # Whether the order of sys.path decides of packages, and of the standard library, too.
        self.packages_by_path = False
        self._all_by_path = False
        # Packages that come from elsewhere: they must not get the C parts that are linked in.
        self.replaced: set[str] = set()
        self._has_warned = False
        # CPython's and ours.
        self.path_hooks: tuple[Any, ...] = ()
        try:
            self._started_in = posix.getcwd()
        except OSError:  # the folder is gone
            self._started_in = ""
        self._before = bundle.hooks["before"]
        self._after = bundle.hooks["after"]
        if bundle.files:
            self._after = self._after | bundle.hooks["with_files"]

    def find_spec(
        self, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find a top-level package or module; a `Folder` finds what is in a package."""
        for module in self._before.get(fullname, ()):
            __import__(module).before(fullname)
        spec = self._find(fullname, path, target)
        if fullname in self._after:
            spec = spec or self._find_elsewhere(fullname, path, target)
            if spec is not None:
                _follow(spec, self._after[fullname])
        return spec

    def _find(
        self, fullname: str, path: "Sequence[str] | None", target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        if self.replaced and fullname.partition(".")[0] in self.replaced:
            return self._find_elsewhere(fullname, path, target)
        if path is not None or fullname == _FROZEN_EXAMPLE:
            return None
        *library, site = self.bundle.roots
        if fullname in site.entries:
            return self._find_package(fullname, site, target)
        if self._all_by_path:
            return None
        for root in library:
            if fullname in root.entries:
                return _regular(_find_on_path(fullname, [root.path], target))
        return self._find_added(fullname, target)

    def _find_package(
        self, fullname: str, site: Folder, target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        folders = sys.path if self.packages_by_path else self.own_folders()
        spec = _regular(_find_on_path(fullname, folders, target))
        if spec is not None:
            if not (spec.origin or "").startswith(f"{site.path}/"):
                self.replaced.add(fullname)
            return spec
        if not self.packages_by_path:
            self._warn_of_hidden(fullname)
            # By the path's hooks: a program may have put one of its own before ours.
            return _regular(_find_on_path(fullname, [site.path], target))
        if site.path not in sys.path:
            # A venv of its own: BuiltinImporter would find the C part that is linked in.
            self.replaced.add(fullname)
            return self._find_elsewhere(fullname, None, target)
        return None

    def _find_added(self, fullname: str, target: "ModuleType | None") -> "ModuleSpec | None":
        if fullname in sys.stdlib_module_names or fullname in sys.builtin_module_names:
            return None
        # By the path, the folder of site-packages looks into the second bundle itself.
        if self.packages_by_path or (added := self.bundle.added) is None:
            return None
        site = added.roots[-1]
        return self._find_package(fullname, site, target) if fullname in site.entries else None

    def _find_elsewhere(
        self, fullname: str, path: "Sequence[str] | None", target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        for other in sys.meta_path:
            if other is not self and other is not BuiltinImporter:
                spec = other.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        if fullname in sys.builtin_module_names:
            # After None, BuiltinImporter would be asked, which has the built-in C part.
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None

    def own_folders(self) -> list[str]:
        """Return what a program has before the image's folders: its script's, mostly."""
        own, programs = [], f"{sys.base_prefix}/"
        skipped = set(self.leaked)
        if not _runs_script():
            # The working folder may be everybody's: that of python -c is empty in sys.path.
            # The program is "-m" while Python looks for the module.
            is_module = _program() == "-m" or bool(_modules_run())
            skipped |= {"", self._started_in if is_module else ""}
        for entry in sys.path:
            if entry == self.bundle.library:
                break
            # CPython passes over what is no text, such as a pathlib.Path.
            is_text = isinstance(entry, str)
            if is_text and entry not in skipped and not entry.startswith(programs):
                own.append(entry)
        return own

    def follow_path(self, *, also_library: bool) -> None:
        """Let the order of `sys.path` decide of packages, perhaps of the library as well."""
        self.packages_by_path, self._all_by_path = True, also_library

    def _warn_of_hidden(self, fullname: str) -> None:
        hidden = {*self.leaked, ""} if _program() in _STANDARD_INPUT else self.leaked
        if self._has_warned or not hidden:
            return
        from _hpcpy_say import is_first_rank, warn_of_hidden  # noqa: PLC0415

        # Once is enough: further look-ups would only cost time.
        is_child = any("from multiprocessing." in word for word in sys.orig_argv)
        self._has_warned = is_child or not is_first_rank()
        if self._has_warned:
            return
        folders = [entry for entry in sys.path if isinstance(entry, str) and entry in hidden]
        spec = _regular(_find_on_path(fullname, folders))
        if spec is not None:
            self._has_warned = True
            folder = (spec.origin or "").rpartition(f"/{fullname}")[0]
            warn_of_hidden(fullname, spec.origin, is_leaked=folder in self.leaked)


def _follow(spec: "ModuleSpec", name: str) -> None:
    """Let a hook's `after` follow the execution of a module."""
    loader: Any = spec.loader
    execute = loader.exec_module

    def exec_module(module: "ModuleType") -> None:
        execute(module)
        # A zip file's modules share their loader.
        if module.__name__ == spec.name:
            __import__(name).after(module)

    loader.exec_module = exec_module


def _program() -> str:
    # Python sets it before it imports `site`.
    words = getattr(sys, "argv", None)
    return words[0] if words else ""


def _modules_run() -> "list[ModuleSpec]":
    """Return the modules that are run by `python -m`, also by a parent of multiprocessing."""
    mains = [sys.modules.get(name) for name in ("__mp_main__", "__main__")]
    specs = [getattr(main, "__spec__", None) for main in mains]
    return [spec for spec in specs if spec is not None and spec.loader is not None]


def _runs_script() -> bool:
    program = _program()
    if program in ("-c", "-m", *_STANDARD_INPUT):
        return False
    modules = _modules_run()
    if not modules:
        return True
    # python -m cProfile my.py names the script as its program; python -m unittest names none.
    try:
        return all(spec.origin != program for spec in modules) and bool(posix.stat(program))
    except OSError:
        return False


def _regular(spec: "ModuleSpec | None") -> "ModuleSpec | None":
    # A namespace package may have portions elsewhere: CPython's finder collects them.
    return spec if spec is not None and spec.loader is not None else None


def finder() -> Finder:
    """Return the finder in use, if this interpreter's modules come from a bundle."""
    if Finder.installed is None:
        raise ImportError("hpcpy: this interpreter has no modules in memory")
    return Finder.installed


def install(data: memoryview, library: str) -> Finder:
    """Make the bundle what Python imports from: its finder is then first in `sys.meta_path`."""
    bundle = Bundle(data, library)
    variable = b"" if sys.flags.ignore_environment else posix.environ.get(b"PYTHONPATH", b"")
    leaked = {*variable.decode("utf-8", "surrogateescape").split(":")}
    # A program may give its children the image's folders.
    first = Finder(bundle, frozenset(leaked.difference([""], (root.path for root in bundle.roots))))
    Finder.installed = first
    sys.meta_path.insert(0, first)
    # The class stays CPython's: tools look for it by name and by identity.
    PathFinder.find_distributions = distributions(first)  # type: ignore[method-assign]
    sys.path_hooks[:0] = [bundle.folder, hook(first)]
    first.path_hooks = tuple(sys.path_hooks)
    sys.path_importer_cache.clear()
    if sys.flags.no_site:
        first.follow_path(also_library=False)
    return first
