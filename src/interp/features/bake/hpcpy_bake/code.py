"""Compiles modules, on as many cores as there are."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bundle.canonical import canonical
from bundle.write import compiled

# Processes take so many files at once: a message costs more than a small file.
_BATCH = 64


def _one(job: tuple[Path, str]) -> bytes:
    file, path = job
    try:
        return canonical(compiled(file, path))
    except (SyntaxError, ValueError):
        # It fails for whoever imports it, as it would without us.
        return b""


def _prepare() -> None:
    # Trees of many small objects, none of which is ever collected.
    gc.disable()
    warnings.simplefilter("ignore")


def compile_all(jobs: Sequence[tuple[Path, str]]) -> dict[Path, bytes]:
    """Compile files to the bytes that a bundle holds.

    Parameters
    ----------
    jobs
        Each file, and the path that tracebacks will name.

    Returns
    -------
    dict
        Code by file; none for what does not compile.
    """
    workers = max(1, min(len(os.sched_getaffinity(0)), len(jobs) // _BATCH))
    return {job[0]: code for job, code in zip(jobs, _results(jobs, workers), strict=True) if code}


def _results(jobs: Sequence[tuple[Path, str]], workers: int) -> Iterator[bytes]:
    if workers == 1:
        _prepare()
        yield from map(_one, jobs)
        gc.enable()
        return
    # Forked: a new interpreter would refuse what was baked on another base, as any start.
    forked = get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=forked, initializer=_prepare) as pool:
        yield from pool.map(_one, jobs, chunksize=_BATCH)
