"""Hits, compared with the stored count."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workloads.exercise.given import NOTES
from workloads.pi.answer import PAIRS, SEED, check

# No divisor of the pairs.
_WORKERS = 3


def shared(compute: Callable[..., Any], _: Any) -> str:
    """Judge a function that counts in several processes."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-exercise-") as folder:
        os.environ[NOTES] = folder
        found = compute(PAIRS, _WORKERS)
        files = [*Path(folder).iterdir()]
        counted = [
            (int(first), int(last))
            for file in files
            for first, last in (line.split() for line in file.read_text("utf-8").splitlines())
        ]
    if isinstance(found, bool) or not isinstance(found, int):
        return f"the answer is {type(found).__name__}, not int"
    right, said = check("simd", found, PAIRS, SEED, 1)
    if not right:
        return "; ".join(filter(None, (said.removeprefix("WRONG: "), _first(counted))))
    # A pair that was forgotten or counted twice may be no hit.
    if counted and (missed := _first(counted)):
        return f"the count is right by luck: {missed}"
    if str(os.getpid()) in {file.name for file in files} or len(files) < 2:
        return f"the count is right, but {_WORKERS} other processes were to count"
    return ""


def _first(counted: list[tuple[int, int]]) -> str:
    """Describe the first pair that was forgotten or counted again, or return an empty string."""
    end = 0
    for first, last in sorted(counted):
        if first != end:
            break
        end = last
    else:
        return f"pair {end:,} is counted by none" if end < PAIRS else ""
    return f"pair {min(first, end):,} is counted {'again' if first < end else 'by none'}"
