"""Imports from memory, and the rule that says which module wins.

`install` puts a `Finder` first in `sys.meta_path` and the bundle's folders
(see `_hpcpy_folders`) first in `sys.path_hooks`; `_hpcpy_path` stands in for
CPython's own finder.  All of them are frozen into the interpreter.
"""

import posix
import sys
from _frozen_importlib import BuiltinImporter
from _frozen_importlib_external import PathFinder

from _hpcpy_memory import Bundle
from _hpcpy_path import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.metadata import Distribution
    from types import ModuleType
    from typing import Any

# Keys of `_hpcpy_caches.VARIABLES`, which cannot be imported this early.  numba and
# matplotlib call it themselves (numba-import.patch, matplotlib-config.patch).
_CACHING = frozenset({"cupy", "pyopencl"})
# CPython's example of a frozen package: the bundle has it for -X frozen_modules=off.
_FROZEN_EXAMPLE = "__phello__"


class Finder:
    """Finds the bundle's modules first, unless somebody asked for a package of their own.

    Parameters
    ----------
    bundle
        The modules in memory.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._follows_path = False
        self._outside: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        hooks = bundle.hooks
        self._found, self._before = hooks["found"], hooks["before"]

    def find_spec(
        self, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find a top-level package or module; a `Folder` finds what is in a package."""
        if path is None and fullname in _CACHING:
            from _hpcpy_caches import point  # noqa: PLC0415

            point(fullname)
        if fullname == "mpi4py" and _is_preflight_wanted():
            _install_preflight()
        if fullname in self._before:
            __import__(self._before[fullname]).before(fullname)
        if self._outside:
            top = fullname.partition(".")[0]
            if top in self._outside:
                return self._find_outside(fullname, path, target, self._outside[top])
        if path is not None or fullname == _FROZEN_EXAMPLE:
            return None
        if self._follows_path:
            return self._find_by_path(fullname, target)
        for root in self.bundle.roots:
            if fullname in root.entries:
                return self._told(_whole(root.bundled(fullname)))
        return self._told(self._find_added(fullname, target))

    def _is_packages(self, spec: "ModuleSpec | None") -> bool:
        return spec is not None and (spec.origin or "").startswith(self.bundle.roots[-1].path)

    def _told(self, spec: "ModuleSpec | None") -> "ModuleSpec | None":
        if spec is not None and self._is_packages(spec):
            for hook in self._found:
                __import__(hook).found(spec.name)
        return spec

    def _find_by_path(self, fullname: str, target: "ModuleType | None") -> "ModuleSpec | None":
        if fullname not in self.bundle.roots[-1].entries:
            return None
        spec = _whole(Path.find_spec(fullname, None, target))
        if spec is not None and not self._is_packages(spec):
            # A user's package must not get the C parts that are linked in.
            self._outside[fullname] = ""
        return spec

    def follow_path(self) -> None:
        """Let the order of `sys.path` decide what wins, as in any Python."""
        self._follows_path = True
        Path.absent, Path.import_name = frozenset(), -1

    def _find_added(self, fullname: str, target: "ModuleType | None") -> "ModuleSpec | None":
        if fullname in sys.stdlib_module_names or fullname in sys.builtin_module_names:
            return None
        added = self.bundle.added
        if added is None:
            return None
        self._take_wanted(added)
        if fullname in self._outside:
            return self._find_outside(fullname, None, target, self._outside[fullname])
        return _whole(added.roots[-1].bundled(fullname))

    def find_distributions(self, context: "Any") -> "Iterator[Distribution]":
        """Find a distribution's metadata by its name, for `importlib.metadata`.

        An import would take the same distribution.  No folder is listed.
        """
        name = context.name
        if name is None or self._follows_path or "path" in vars(context):
            return
        from _hpcpy_metadata import Known, normal  # noqa: PLC0415

        known = normal(name)
        site = self.bundle.roots[-1]
        for bundle in (self.bundle, self.bundle.added):
            # If something was installed since, another version may lie there.
            if bundle is not None and site.is_complete:
                about = bundle.about
                folder = about["folders"].get(known)
                if folder and self._outside.keys().isdisjoint(about["owners"][known]):
                    yield Known(f"{site.path}/{folder}", bundle, about["metadata"][known])
                    return

    def _find_outside(
        self,
        fullname: str,
        path: "Sequence[str] | None",
        target: "ModuleType | None",
        wanted_by: str,
    ) -> "ModuleSpec | None":
        for other in sys.meta_path:
            if other is not self and other is not BuiltinImporter:
                spec = other.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        if wanted_by and path is None:
            raise ImportError(
                f"{wanted_by} wants {fullname} from sys.path, which has none: "
                f"install it there or take it out of {wanted_by}",
                name=fullname,
            )
        if fullname in sys.builtin_module_names:
            # After None, BuiltinImporter would be asked, which has the built-in C part.
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None

    def take_from_path(self, names: "Iterable[str]", wanted_by: str = "") -> None:
        """Let packages come from `sys.path`, C parts included.

        Parameters
        ----------
        names
            Import names or names of distributions; all top-level names of a
            distribution go with it.
        wanted_by
            The variable that asks for them.  With one, a missing package is an
            error at its import, and the standard library's may be named, too.
        """
        wanted = {name.strip().lower().replace("-", "_").replace(".", "_") for name in names}
        found = _owned(self.bundle, wanted)
        # Some may be in the second bundle, which is not opened yet.
        self._wanted.update(dict.fromkeys(wanted, wanted_by))
        if wanted_by:
            found |= wanted - {""}
            Path.absent -= wanted
        # The error names the variable that asked first.
        self._outside = {**dict.fromkeys(found, wanted_by), **self._outside}
        for root in self.bundle.roots:
            root.outside = frozenset(self._outside)

    def take_all_from_path(self) -> None:
        """Let only the standard library come from memory."""
        self.take_from_path(self.bundle.about["owners"])
        self.bundle.add_nothing()

    def _take_wanted(self, added: Bundle) -> None:
        wanted, self._wanted = self._wanted, {}
        for name, wanted_by in wanted.items():
            for top in _owned(added, {name}):
                self._outside.setdefault(top, wanted_by)
        for root in added.roots:
            root.outside |= frozenset(self._outside)


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


def _owned(bundle: Bundle, wanted: set[str]) -> set[str]:
    # The top-level names of wanted distributions; names that are found leave `wanted`.
    found: set[str] = set()
    for owner, tops in bundle.about["owners"].items():
        known = {owner, *[top.lower() for top in tops]}
        if not wanted.isdisjoint(known):
            found.update(tops)
            wanted -= known
    return found


def _whole(spec: "ModuleSpec | None") -> "ModuleSpec | None":
    # A namespace package may have portions elsewhere: the path's finder looks for it.
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
    first = Finder(bundle)
    Path.absent, Path.import_name = bundle.absent, bundle.import_name
    sys.meta_path[:] = [first, *[Path if f is PathFinder else f for f in sys.meta_path]]
    sys.path_hooks.insert(0, bundle.folder)
    sys.path_importer_cache.clear()
    wanted = posix.environ.get(b"HPCPY_PREFER")
    if wanted and not sys.flags.ignore_environment:
        first.take_from_path(wanted.decode().split(","), "HPCPY_PREFER")
    if sys.flags.no_site:
        first.take_all_from_path()
    return first
