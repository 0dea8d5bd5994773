"""Small objects lie in large pages, and the memory is given back."""

from __future__ import annotations

import pytest
from running import said

# The flag says that large pages were asked for, whatever the machine allows.
_ADVISED = """
import re
# More than the first arenas hold.
held = [str(number) for number in range(100_000)]
text = open("/proc/self/smaps").read()
sizes = re.findall(r"^Size: +(\\d+) kB(?:(?!^Size:).)*?^VmFlags:[^\\n]* hg\\b", text, re.M | re.S)
print(sum(map(int, sizes)) >= 2048)
"""
_RESIDENT = """
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
"""


def test_large_pages_are_asked_for() -> None:
    assert said(_ADVISED) == ["True"]


@pytest.mark.parametrize(("options", "asked"), [([], "False"), (["-E"], "True"), (["-I"], "True")])
def test_a_variable_leaves_small_ones(options: list[str], asked: str) -> None:
    assert said(_ADVISED, *options, HPCPY_ARENAS="stock") == [asked]


def test_memory_is_given_back() -> None:
    program = f"""{_RESIDENT}
before = resident()
many = [(number, str(number)) for number in range(1_000_000)]
full = resident()
del many
print(full > before + 80, resident() < before + 40)
"""
    assert said(program) == ["True", "True"]


def test_interpreters_of_their_own_allocate_at_the_same_time() -> None:
    program = """
    import threading
    from concurrent import interpreters
    text = "x = [[str(i)] for i in range(100_000)]; del x"
    def run():
        one = interpreters.create()
        for _ in range(5):
            one.exec(text)
        one.close()
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(sum(len(one) for one in [[str(i)] for i in range(100_000)]))
    """
    assert said(program) == ["100000"]


def test_children_by_fork_share_it_and_write() -> None:
    program = """
    import os
    many = [(number, str(number)) for number in range(300_000)]
    children = [os.fork() for _ in range(2)]
    if 0 in children:
        del many[::2]
        os._exit(len(many) != 150_000)
    print([os.waitpid(child, 0)[1] for child in children])
    """
    assert said(program) == ["[0,", "0]"]


@pytest.mark.parametrize("allocator", ["malloc", "pymalloc", "pymalloc_debug"])
def test_other_allocators_are_free_to_choose(allocator: str) -> None:
    assert said("import json; print(len(json.dumps([1] * 10)))", PYTHONMALLOC=allocator) == ["30"]
