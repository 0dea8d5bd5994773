"""Say that a module beside the script is not the one that was imported.

The image's packages go first (docs/interpreter.md, what wins), so for a `comm.py` of
the user's another module would silently be imported.  A file is looked for, by two
calls, when the user's own code imports a package of the image.  No call is made on ranks
other than the first, if the importer's listing of the folder lacks the file, and for the
packages of core, which nearly every program imports.  A file with the name of one of
these, in a folder that was not listed, is looked for only after the program has failed,
as the image's package lacks what the program wants.
"""

from __future__ import annotations

import atexit
import os
import sys
from _frozen_importlib import FrozenImporter

from _hpcpy_folders import Loader
from _hpcpy_path import MACHINERY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

_CORE = frozenset({"numpy", "numba", "mpi4py", "h5py", "viztracer"})
_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")
# Pairs of folder and package whose file has not been looked for yet.
_later: list[tuple[str, str]] = []


def found(name: str) -> None:
    """Print one line when a file of the user's has the name of a package of the image.

    Parameters
    ----------
    name
        The package that is imported.
    """
    # The folder in which any other Python looks first: the script's; "" with -c and at the
    # prompt.  The folder of the image's own programs has no modules.
    folder = sys.path[0] if sys.path else ""
    if not folder.startswith("/") or folder.startswith(f"{sys.base_prefix}/"):
        return
    if sys.stderr is None or not _is_asked_by_user() or _is_one_of_many():
        return
    if name in _CORE and _listed(folder) is None:
        if not _later:
            atexit.register(_after_failure)
        _later.append((folder, name))
    else:
        _tell(folder, name)


def _after_failure() -> None:
    # Set when Python has printed the traceback of an exception that ended the program.
    if getattr(sys, "last_exc", None) is not None:
        for folder, name in _later:
            _tell(folder, name)


def _tell(folder: str, name: str) -> None:
    file = _beside(folder, name)
    if file and sys.stderr is not None:
        print(
            f"hpcpy: {file} is not imported: the image's package {name} goes first; "
            f"HPCPY_PREFER={name} takes yours",
            file=sys.stderr,
        )


def _is_asked_by_user() -> bool:
    # Skip the frames of the importer, of this module and of `import_module`.
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
    known = _listed(folder)
    for entry, file in ((name, f"{name}/__init__.py"), (f"{name}.py", f"{name}.py")):
        path = f"{folder.rstrip('/')}/{file}"
        if (known is None or entry in known) and os.path.isfile(path):
            return path
    return ""


def _listed(folder: str) -> Container[str] | None:
    # A FileFinder has the names once it has looked for a module of the user's.
    finder = sys.path_importer_cache.get(folder)
    names: Container[str] | None = getattr(finder, "_path_cache", None)
    return names or None
