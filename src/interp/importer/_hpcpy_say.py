"""Lines on standard error, which the first rank of a program alone prints."""

from __future__ import annotations

import os
import sys

# Launchers' variables with a rank's number.
_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def is_first_rank() -> bool:
    """Tell whether this process is no rank of a program, or its first, and has a stderr."""
    is_first = all(os.environ.get(rank, "0") == "0" for rank in _RANKS)
    return is_first and sys.stderr is not None


def say(what: str) -> None:
    """Print a line."""
    if is_first_rank():
        print(f"hpcpy: {what}", file=sys.stderr)


def warn_of_hidden(name: str, file: str | None, *, is_leaked: bool) -> None:
    """Say that a package in PYTHONPATH, or beside a program on standard input, is not imported."""
    where, what = "the working folder", "run the program from a file"
    if is_leaked:
        where, what = "PYTHONPATH", "unset it"
    say(
        f"{where} has another {name} ({file}), and the image's packages go first: "
        f"{what}, or HPCPY_SITE=stock takes what sys.path has first"
    )
