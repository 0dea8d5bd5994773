"""The sanitizers watch: otherwise the tests of `tests/image` would show nothing here."""

import pytest

from running import python

# Memory of C's own malloc, which ctypes does not check.
START = """
import ctypes
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
memory = ctypes.c_void_p(c.malloc(10))
"""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("c.memset(memory, 0, 11)", "heap-buffer-overflow"),
        ("c.free(memory); c.memset(memory, 0, 1)", "heap-use-after-free"),
        ("c.free(memory); c.free(memory)", "attempting double-free"),
    ],
)
def test_a_fault_ends_the_process_and_is_named(fault: str, said: str) -> None:
    done = python("-c", START + fault)
    assert done.returncode != 0
    assert f"ERROR: AddressSanitizer: {said}" in done.stderr


def test_memory_of_another_library_is_known_too() -> None:
    # What libc's strdup allocates, our C may free.
    program = START + "c.strdup.restype = ctypes.c_void_p; c.free(ctypes.c_void_p(c.strdup(b'x')))"
    assert python("-c", program).returncode == 0
