"""`sys.path` as CPython's own finder has it, and a short cut for metadata.

It is frozen, as `_hpcpy_importer` is, which puts it in place.
"""

import posix
import sys
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import PathDistribution
    from typing import Any

# CPython's, which imports importlib.metadata.
_search = PathFinder.find_distributions


def find_distributions(*arguments: "Any") -> "Iterable[PathDistribution]":
    """Look for metadata only in folders that the bundles do not know completely."""
    if arguments and "path" not in vars(arguments[0]):
        from _hpcpy_importer import finder  # noqa: PLC0415
        from _hpcpy_metadata import everything, narrowed  # noqa: PLC0415

        if arguments[0].name is None:
            return everything(finder(), _search)
        if arguments[0].name:
            arguments = (narrowed(arguments[0], finder()),)
    return _search(*arguments)


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
