"""Say that PYTHONPATH has a package that is not imported: the image's goes first."""

from __future__ import annotations

import os
import sys

_RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


def warn(name: str, file: str | None) -> None:
    """Print one line, on the first rank and in no child of multiprocessing."""
    is_rank = any(os.environ.get(rank, "0") != "0" for rank in _RANKS)
    is_child = any("from multiprocessing." in word for word in sys.orig_argv)
    if is_rank or is_child or sys.stderr is None:
        return
    print(
        f"hpcpy: PYTHONPATH has another {name} ({file}), and the image's packages go first: "
        "unset it, or HPCPY_SITE=stock takes what sys.path has first",
        file=sys.stderr,
    )
