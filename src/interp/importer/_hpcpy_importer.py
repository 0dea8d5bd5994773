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
from _hpcpy_path import find_distributions, hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Sequence
    from types import ModuleType

# Keys of `_hpcpy_caches.VARIABLES`, which cannot be imported this early.  numba and
# matplotlib call it themselves (numba-import.patch, matplotlib-config.patch).
_CACHING = frozenset({"cupy", "pyopencl"})
# CPython's example of a frozen package: the bundle has it for -X frozen_modules=off.
_FROZEN_EXAMPLE = "__phello__"


class Finder:
    """Finds the bundle's top-level modules first, unless a user's own come before them.

    Parameters
    ----------
    bundle
        The modules in memory.
    leaked
        The folders of PYTHONPATH, which hosts leak into containers: the image's packages
        win over what is there.
    """

    def __init__(self, bundle: Bundle, leaked: frozenset[str]) -> None:
        self.bundle = bundle
        self.leaked = leaked
        # Whether the order of sys.path decides of packages, and of the standard library, too.
        self.packages_by_path = False
        self._all_by_path = False
        # Packages that come from elsewhere: they must not get the C parts that are linked in.
        self.replaced: set[str] = set()
        self._has_warned = False
        try:
            self._started_in = posix.getcwd()
        except OSError:  # the folder is gone
            self._started_in = ""
        self._before = bundle.hooks["before"]

    def find_spec(
        self, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find a top-level package or module; a `Folder` finds what is in a package."""
        self._prepare(fullname)
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
                return _regular(root.bundled(fullname))
        return self._find_added(fullname, target)

    def _prepare(self, fullname: str) -> None:
        if fullname in _CACHING:
            from _hpcpy_caches import point  # noqa: PLC0415

            point(fullname)
        if fullname == "mpi4py" and _is_preflight_wanted():
            _install_preflight()
        if fullname in self._before:
            __import__(self._before[fullname]).before(fullname)

    def _find_package(
        self, fullname: str, site: Folder, target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        folders = sys.path if self.packages_by_path else self.own_folders()
        spec = _regular(PathFinder.find_spec(fullname, folders, target))
        if spec is not None:
            if not (spec.origin or "").startswith(f"{site.path}/"):
                self.replaced.add(fullname)
            return spec
        if not self.packages_by_path:
            self._warn_of_leaked(fullname)
            return _regular(site.bundled(fullname))
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
        # The working folder may be everybody's: that of python -c is empty in sys.path.
        skipped = {"", self._started_in if _runs_module() else "", *self.leaked}
        for entry in sys.path:
            if entry == self.bundle.library:
                break
            # CPython passes over what is no text, such as a pathlib.Path.
            is_text = isinstance(entry, str)
            if is_text and entry not in skipped and not entry.startswith(programs):
                own.append(entry)
        return own

    def is_searched(self, folder: str) -> bool:
        """Tell whether a folder is read for the sake of a module that the image tries."""
        return self.packages_by_path or folder in self.leaked

    def follow_path(self, *, also_library: bool) -> None:
        """Let the order of `sys.path` decide of packages, perhaps of the library as well."""
        self.packages_by_path, self._all_by_path = True, also_library

    def _warn_of_leaked(self, fullname: str) -> None:
        if self._has_warned or not self.leaked:
            return
        folders = [entry for entry in sys.path if isinstance(entry, str) and entry in self.leaked]
        spec = _regular(PathFinder.find_spec(fullname, folders))
        if spec is not None:
            from _hpcpy_leaked import warn  # noqa: PLC0415

            # Once is enough: further look-ups would only cost time.
            self._has_warned = True
            warn(fullname, spec.origin)


def _runs_module() -> bool:
    """Tell whether this is `python -m`, or a child of multiprocessing of one."""
    mains = [sys.modules.get(name) for name in ("__mp_main__", "__main__")]
    # argv says so while the module is looked for.
    is_sought = getattr(sys, "argv", [])[:1] == ["-m"]
    return is_sought or any(getattr(main, "__spec__", None) is not None for main in mains)


def _install_preflight() -> None:
    try:
        from workloads.preflight.hook import install  # noqa: PLC0415
    except ImportError as error:
        # In a venv without --system-site-packages.
        raise ImportError(
            "HPCPY_PREFLIGHT is set, and this Python does not see workloads.preflight: unset it",
            name="mpi4py",
        ) from error
    install()


def _is_preflight_wanted() -> bool:
    wanted = posix.environ.get(b"HPCPY_PREFLIGHT", b"")
    return wanted not in (b"", b"off") and not sys.flags.ignore_environment


def _regular(spec: "ModuleSpec | None") -> "ModuleSpec | None":
    # A namespace package may have portions elsewhere: CPython's finder collects them.
    return spec if spec is not None and spec.loader is not None else None


def finder() -> Finder:
    """Return the finder in use.

    Raises
    ------
    ImportError
        When this interpreter's modules do not come from a bundle.
    """
    for found in sys.meta_path:
        if isinstance(found, Finder):
            return found
    raise ImportError("hpcpy: this interpreter has no modules in memory")


def install(data: memoryview, library: str) -> Finder:
    """Make the bundle what Python imports from.

    Parameters
    ----------
    data
        The bundle.
    library
        The standard library's folder.

    Returns
    -------
    Finder
        Now first in `sys.meta_path`.
    """
    bundle = Bundle(data, library)
    variable = b"" if sys.flags.ignore_environment else posix.environ.get(b"PYTHONPATH", b"")
    leaked = {*variable.decode("utf-8", "surrogateescape").split(":")}
    # A program may give its children the image's folders.
    first = Finder(bundle, frozenset(leaked.difference([""], (root.path for root in bundle.roots))))
    sys.meta_path.insert(0, first)
    # The class stays CPython's: tools look for it by name and by identity.
    PathFinder.find_distributions = find_distributions  # type: ignore[method-assign]
    sys.path_hooks[:0] = [bundle.folder, hook(first)]
    sys.path_importer_cache.clear()
    if sys.flags.no_site:
        first.follow_path(also_library=False)
    return first
