"""Compile modules on all cores that this process may use."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bundle.canonical import canonical
from bundle.write import compiled

# Files that a process takes at once: a message costs more than a small file.
_BATCH = 64


def _one(job: tuple[Path, str]) -> bytes:
    file, path = job
    try:
        return canonical(compiled(file, path))
    except (SyntaxError, ValueError):
        # Whoever imports it gets the error, as in any Python.
        return b""


def _prepare() -> None:
    # The collector would look through trees of many small objects, and find no garbage.
    gc.disable()
    warnings.simplefilter("ignore")


def compile_all(jobs: Sequence[tuple[Path, str]]) -> dict[Path, bytes]:
    """Return the bytes that a bundle holds of each file that compiles.

    A job is a file, and the path that tracebacks will name.
    """
    workers = max(1, min(len(os.sched_getaffinity(0)), len(jobs) // _BATCH))
    # Forked: a new interpreter would refuse packages that were baked on another base.
    forked = get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=forked, initializer=_prepare) as pool:
        done = pool.map(_one, jobs, chunksize=_BATCH)
        return {job[0]: code for job, code in zip(jobs, done, strict=True) if code}
