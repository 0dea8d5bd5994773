"""What the files of a class are given to call: it notes who has asked for what."""

from __future__ import annotations

import os
from pathlib import Path

from workloads.pi.answer import SEED
from workloads.pi.definition import philox_hits

# Set by the judge: a folder with a file for each process.
NOTES = "HPCPY_EXERCISE_NOTES"


def hits(first: int, last: int) -> int:
    """Count the hits among the pairs first, first + 1, … last - 1."""
    if folder := os.environ.get(NOTES):
        with (Path(folder) / str(os.getpid())).open("a", encoding="utf-8") as file:
            file.write(f"{first} {last}\n")
    return philox_hits(SEED, range(first, last))
