"""The rule: where a top-level module is looked for, place by place.

`places` is all of it, and keeps nothing.  It goes by `sys.path`, in whose order CPython looks,
and moves two things behind the image's packages: the folders of PYTHONPATH, which hosts leak
into containers, and the folder that a command is started in, which may be everybody's.
tests/image/test_which_module.py is its table.

It is frozen, and as `_hpcpy_folders` it may use only modules that are written in C.
"""

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

LIBRARY, PACKAGE, OTHER = range(3)
# What sys.argv begins with where there is no program: also at the prompt.
STANDARD_INPUT = ("", "-")
_Module = type(sys)


class Start:
    """How Python was started: what the rule needs to know besides `sys.path`."""

    def __init__(self, libraries: list[str], site: str) -> None:
        # The folders whose modules come before sys.path; none where its order decides of them.
        self.libraries = libraries
        # The folder of the image's packages; empty where the order of sys.path decides.
        self.site = site
        self.pythonpath: frozenset[str] = frozenset()
        # As sys.argv begins, once Python has it.
        self.program = ""
        self.folder = working_folder()


def working_folder() -> str:
    """Return the working folder, "" if it is gone."""
    try:
        return posix.getcwd()
    except OSError:
        return ""


def places(kind: int, start: Start) -> list[str]:
    """Return the entries of `sys.path` where a module is looked for, the first first."""
    if kind == LIBRARY and start.libraries:
        return start.libraries + sys.path
    if kind != PACKAGE or not start.site or start.site not in sys.path:
        return sys.path
    # Neither the library nor the folder of the image's commands has a package.
    last = {*yielding(start), *start.libraries, f"{sys.base_prefix}/bin"}
    # CPython passes over what is no text, such as a pathlib.Path.
    texts = (each for each in sys.path[: sys.path.index(start.site)] if isinstance(each, str))
    first = [*(each for each in texts if each not in last), start.site]
    return first + [entry for entry in sys.path if entry not in first]


def yielding(start: Start) -> set[str]:
    """Return the entries that are searched after the image's packages.

    One that a program has inserted, too, is there more than once.
    """
    times = dict.fromkeys(start.pythonpath, 1)
    for entry in _of_command(start):
        times[entry] = times.get(entry, 0) + 1
    return {entry for entry in times if sys.path.count(entry) <= times[entry]}


def is_of_command(path: str, start: Start) -> bool:
    """Tell whether a folder is searched only because a command was started there."""
    # For the entry "" Python asks by the working folder's path.
    entry = "" if path not in sys.path and path == working_folder() else path
    return bool(start.site) and entry not in start.pythonpath and entry in yielding(start)


def _of_command(start: Start) -> set[str]:
    """Return Python's own entries for the folder that a command was started in."""
    if sys.flags.safe_path or start.program not in ("-c", "-m", *STANDARD_INPUT):
        return set()
    entries = {start.folder if start.program == "-m" else ""}
    if any("from multiprocessing." in word for word in sys.orig_argv):
        entries.add(start.folder)  # a child's sys.path becomes its parent's
    return {entry for entry in entries if not _is_programs(entry or working_folder())}


def _is_programs(folder: str) -> bool:
    """Tell whether a folder's owner has code run already: a script, or a top-level module."""
    mains = map(sys.modules.get, ("__main__", "__mp_main__"))
    files = [str(getattr(main, "__file__", None) or "<") for main in mains]
    for above, slash, name in (file.rpartition("/") for file in files):
        # A tool such as pdb may name a script of the working folder without one.
        if (above or slash) in ("", folder) and name[:1] != "<":
            return True
    if not getattr(sys.path_importer_cache.get(folder), "_path_cache", None):
        return False  # it was never read
    start = f"{folder}/".replace("//", "/")
    for spec in map(spec_of, list(sys.modules.values())):
        origin = getattr(spec, "origin", None)
        if isinstance(origin, str) and origin.startswith(start):
            file = origin[len(start) :].replace("/__init__.", ".", 1)
            if file.partition(".")[0] == spec.name:
                return True
    return False


def spec_of(module: "ModuleType | None") -> "Any":
    """Return a module's spec, None for what is no plain module."""
    # Another object's attributes may be computed, as those of a lazy module are.
    return module.__dict__.get("__spec__") if type(module) is _Module else None
