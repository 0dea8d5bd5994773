"""Threads with small stacks start: what the executable keeps in them is not counted."""

from __future__ import annotations

import ctypes
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


def test_a_size_that_the_c_library_refuses_is_refused() -> None:
    attributes = ctypes.create_string_buffer(64)
    program = ctypes.CDLL(None)
    assert program.pthread_attr_init(attributes) == 0
    assert program.pthread_attr_setstacksize(attributes, ctypes.c_size_t(1)) != 0
    assert program.pthread_attr_setstacksize(attributes, ctypes.c_size_t(64 * KIB)) == 0
    size = ctypes.c_size_t()
    assert program.pthread_attr_getstacksize(attributes, ctypes.byref(size)) == 0
    assert size.value > 64 * KIB
