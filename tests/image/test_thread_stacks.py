"""Threads with small stacks start: what the executable keeps in them is not counted."""

from __future__ import annotations

import os
import sys
import threading

from running import run

KIB = 1024


def test_a_thread_with_a_small_stack_starts() -> None:
    size = 64 * KIB
    seen: list[int] = []
    before = threading.stack_size(size)
    try:
        thread = threading.Thread(target=seen.append, args=(size,))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert seen == [size]


def test_openmp_threads_may_have_small_stacks() -> None:
    done = run(
        sys.executable,
        "-m",
        "workloads",
        "pi",
        "-n",
        "1000",
        "--impl",
        "numba-parallel",
        env={**os.environ, "OMP_STACKSIZE": "100K"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "omp threads" in done.stdout
