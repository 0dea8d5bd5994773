"""`sys.path`'s finder: CPython's own, with two short cuts that save look-ups.

It is frozen, as `_hpcpy_importer` is, which puts it in place.
"""

import posix
import sys
from _frozen_importlib_external import PathFinder

from _hpcpy_folders import Loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Iterable, Sequence
    from importlib.metadata import PathDistribution
    from types import ModuleType
    from typing import Any


class Path(PathFinder):
    """CPython's finder, without look-ups that would be in vain.

    The standard library's modules for other systems are looked for nowhere.  Packages
    try modules that may be missing (numba tries scipy, for one): for an import
    statement of a bundled module, PYTHONPATH, a venv and site-packages are searched,
    and not the script's folder, which mostly is on a network.
    """

    absent: frozenset[str] = frozenset()
    import_name = 0

    @classmethod
    def find_spec(
        cls, fullname: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if path is None:
            if fullname in cls.absent:
                return None
            if _statement_of_ours(cls.import_name):
                folder = script_folder()
                path = [entry for entry in sys.path if entry != folder]
        return super().find_spec(fullname, path, target)

    @classmethod
    def find_distributions(cls, *arguments: "Any") -> "Iterable[PathDistribution]":
        """Look for metadata only in folders that the bundles do not know completely."""
        search = super().find_distributions
        if arguments and "path" not in vars(arguments[0]):
            from _hpcpy_importer import finder  # noqa: PLC0415
            from _hpcpy_metadata import everything, narrowed  # noqa: PLC0415

            if arguments[0].name is None:
                return everything(finder(), search)
            if arguments[0].name:
                arguments = (narrowed(arguments[0], finder()),)
        return search(*arguments)


# Modules whose frames lie between an import statement and the finder.
MACHINERY = frozenset(
    {
        __name__,
        "_hpcpy_importer",
        "_frozen_importlib",
        "importlib._bootstrap",
        "_frozen_importlib_external",
        # The name of _frozen_importlib_external once somebody has imported `importlib`.
        "importlib._bootstrap_external",
    }
)
# Modules that try packages by a call of import_module, and not by a statement.
_TRY_BY_CALL = frozenset({"pandas.compat._optional", "tlz._build_tlz"})


def _statement_of_ours(import_name: int) -> bool:
    # Not a call of __import__ or import_module, by which pickle, pytest, runpy
    # and others find what the user names.
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") in MACHINERY:
        if frame.f_back is None:
            return False
        frame = frame.f_back
    if frame.f_globals.get("__name__") == "importlib" and frame.f_back is not None:
        return frame.f_back.f_globals.get("__name__") in _TRY_BY_CALL
    spec = frame.f_globals.get("__spec__")
    return (
        isinstance(getattr(spec, "loader", None), Loader)
        and frame.f_code.co_code[frame.f_lasti] == import_name
    )


def script_folder() -> str:
    """Return the folder that `sys.path` has for the script or for `python -m`."""
    main = sys.modules.get("__main__")
    if getattr(main, "__spec__", None) is not None:
        # python -m
        try:
            return posix.getcwd()
        except OSError:  # the folder is gone
            return ""
    return (getattr(main, "__file__", None) or "").rpartition("/")[0]
