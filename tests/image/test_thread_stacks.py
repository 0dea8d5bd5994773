"""Threads with small stacks start: what the executable keeps in them is not counted."""

import ctypes
import os
import threading

import pytest

from _hpcpy_importer import finder
from running import printed, python

KIB = 1024
# src/interp/start/stacks.c leaves its place to AddressSanitizer's own function.
grown = pytest.mark.skipif(
    "sanitize" in finder().bundle.about["features"],
    reason="under AddressSanitizer stacks have the size that was asked for, and no more",
)


@grown
def test_a_thread_with_a_small_stack_starts() -> None:
    # The C library's least: 128 KiB on aarch64.
    size = max(64 * KIB, os.sysconf("SC_THREAD_STACK_MIN"))
    seen: list[int] = []
    before = threading.stack_size(size)
    try:
        thread = threading.Thread(target=seen.append, args=(size,))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert seen == [size]


@grown
def test_openmp_threads_may_have_small_stacks() -> None:
    words = ("mandel", "--size", "64", "48", "--impl", "numba-parallel")
    shown = printed(python("-m", "workloads", *words, OMP_STACKSIZE="100K"))
    assert "omp threads" in shown


def test_attributes_of_a_thread_keep_the_size_that_was_set() -> None:
    c_library = ctypes.CDLL(None)
    attributes, size = ctypes.create_string_buffer(64), ctypes.c_size_t()
    c_library.pthread_attr_init(attributes)
    c_library.pthread_attr_setstacksize(attributes, ctypes.c_size_t(1024 * KIB))
    c_library.pthread_attr_getstacksize(attributes, ctypes.byref(size))
    assert size.value == 1024 * KIB


def test_a_thread_starts_on_memory_of_the_caller() -> None:
    c_library = ctypes.CDLL(None)
    attributes, memory = ctypes.create_string_buffer(64), ctypes.create_string_buffer(512 * KIB)
    c_library.pthread_attr_init(attributes)
    c_library.pthread_attr_setstack(attributes, memory, ctypes.c_size_t(512 * KIB))
    thread, answer = ctypes.c_ulong(), ctypes.c_void_p()
    labs = ctypes.cast(c_library.labs, ctypes.c_void_p)
    c_library.pthread_create(ctypes.byref(thread), attributes, labs, ctypes.c_void_p(-5))
    c_library.pthread_join(thread, ctypes.byref(answer))
    assert answer.value == 5
