"""Lines on standard error, which the first rank of a program alone prints; variables of ours."""

import os
import sys
from _frozen_importlib_external import FileFinder, PathFinder

from _hpcpy_folders import FILES
from _hpcpy_path import STANDARD_INPUT, Start, yielding

# Launchers' variables with a rank's number.
_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def setting(name: str) -> str | None:
    """Return a variable's value, which -E and -I hide as they hide Python's own."""
    return None if sys.flags.ignore_environment else os.environ.get(name)


def is_first_rank() -> bool:
    """Tell whether this process is no rank of a program, or its first."""
    return all(os.environ.get(rank, "0") == "0" for rank in _RANKS)


def say(what: str) -> None:
    """Print a line where that is possible: nothing fails because of it."""
    stream = getattr(sys, "stderr", None)
    if not is_first_rank() or stream is None:
        return
    line = f"hpcpy: {what}\n"
    try:
        if stream is sys.__stderr__:
            # What the stream could not write would be tried again at exit, which then fails.
            os.write(2, line.encode(errors="backslashreplace"))
        else:
            stream.write(line)
    except (AttributeError, OSError, ValueError):
        pass


def warn_of_hidden(name: str, start: Start) -> bool:
    """Say that a package of PYTHONPATH, or beside a program on standard input, is not imported.

    True says that nothing more is to be said.
    """
    is_child = any("from multiprocessing." in word for word in sys.orig_argv)
    if is_child or not is_first_rank():
        return True
    yields = yielding(start)
    leaked = [entry for entry in sys.path if entry in yields and entry in start.pythonpath]
    spec = PathFinder.find_spec(name, leaked)
    where, what = "PYTHONPATH", "unset it"
    if (not spec or not spec.loader) and start.program in STANDARD_INPUT and "" in yields:
        # Not by the finder that imports ask: what this look finds is nobody's to import.
        spec = FileFinder(start.folder, *FILES).find_spec(name)
        where, what = "the working folder", "run the program from a file"
    if not spec or not spec.loader:
        return False
    say(
        f"{where} has another {name} ({spec.origin}), and the image's packages go first: "
        f"{what}, or HPCPY_MODULES=stock takes what sys.path has first"
    )
    return True
