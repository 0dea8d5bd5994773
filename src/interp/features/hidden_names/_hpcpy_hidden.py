"""Says that a module beside the script is not the one that was imported.

The image's packages go first (docs/interpreter.md, what wins), so a `comm.py` of the
user's would silently be another module.  The script's folder is listed once, when
the user's own code first imports a package of the image: one path call, or none where
Python has listed it, and none on ranks other than the first.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib import FrozenImporter

from _hpcpy_folders import Loader
from _hpcpy_path import MACHINERY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
_LISTINGS: dict[str, frozenset[str]] = {}


def found(name: str) -> None:
    """Print one line when a file of the user's has the name of a package of the image.

    Parameters
    ----------
    name
        The package that is imported.
    """
    # Where Python elsewhere looks first: the script's folder, "" with -c and at the
    # prompt.  That of a program of the image has no modules.
    folder = sys.path[0] if sys.path else ""
    if not folder.startswith("/") or folder.startswith(f"{sys.base_prefix}/"):
        return
    if sys.stderr is None or not _is_asked_by_user() or _is_one_of_many():
        return
    file = _beside(folder, name)
    if file:
        print(
            f"hpcpy: {file} is not imported: the image's package {name} goes first; "
            f"HPCPY_PREFER={name} takes yours",
            file=sys.stderr,
        )


def _is_asked_by_user() -> bool:
    # The importer's, this module's and that of `import_module` are between.
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") in MACHINERY or (
        frame.f_globals.get("__name__") == "importlib"
    ):
        if frame.f_back is None:
            return False
        frame = frame.f_back
    loader = getattr(frame.f_globals.get("__spec__"), "loader", None)
    return not isinstance(loader, Loader) and loader is not FrozenImporter


def _is_one_of_many() -> bool:
    # multiprocessing's children import what their parent has imported.
    return any(os.environ.get(rank, "0") != "0" for rank in _RANKS) or any(
        "from multiprocessing." in word for word in sys.orig_argv
    )


def _beside(folder: str, name: str) -> str:
    listed = _listed(folder)
    for entry, file in ((name, f"{name}/__init__.py"), (f"{name}.py", f"{name}.py")):
        path = f"{folder.rstrip('/')}/{file}"
        if entry in listed and os.path.isfile(path):
            return path
    return ""


def _listed(folder: str) -> Container[str]:
    # A FileFinder's, once it has looked for a module of the user's.
    finder = sys.path_importer_cache.get(folder)
    names: Container[str] | None = getattr(finder, "_path_cache", None)
    if names:
        return names
    if folder not in _LISTINGS:
        try:
            _LISTINGS[folder] = frozenset(os.listdir(folder))
        except OSError:  # It cannot be read, or is a zip file.
            _LISTINGS[folder] = frozenset()
    return _LISTINGS[folder]
