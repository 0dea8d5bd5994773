"""The function that students' files call: it notes which process counts which pairs."""

from __future__ import annotations

import os
from pathlib import Path

from workloads.pi.answer import SEED
from workloads.pi.definition import philox_hits

# The judge sets it to a folder, in which each process has a file.
NOTES = "HPCPY_EXERCISE_NOTES"


def hits(first: int, last: int) -> int:
    """Count the hits among the pairs first, first + 1, … last - 1 of the Philox stream."""
    if folder := os.environ.get(NOTES):
        with (Path(folder) / str(os.getpid())).open("a", encoding="utf-8") as file:
            file.write(f"{first} {last}\n")
    return philox_hits(SEED, range(first, last))
