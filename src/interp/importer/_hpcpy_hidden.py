"""Say that a package is not imported, since the image's goes first."""

from __future__ import annotations

import os
import sys

_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def is_told() -> bool:
    """Tell whether this is the first rank, and no child of multiprocessing."""
    is_rank = any(os.environ.get(rank, "0") != "0" for rank in _RANKS)
    is_child = any("from multiprocessing." in word for word in sys.orig_argv)
    return not (is_rank or is_child or sys.stderr is None)


def warn(name: str, file: str | None, *, is_leaked: bool) -> None:
    """Print one line of a package in PYTHONPATH, or beside a program on standard input."""
    where, what = "the working folder", "run the program from a file"
    if is_leaked:
        where, what = "PYTHONPATH", "unset it"
    print(
        f"hpcpy: {where} has another {name} ({file}), and the image's packages go first: "
        f"{what}, or HPCPY_SITE=stock takes what sys.path has first",
        file=sys.stderr,
    )
