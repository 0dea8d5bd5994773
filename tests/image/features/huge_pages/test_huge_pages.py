"""Python's first objects lie in memory for which the kernel may take huge pages."""

import re
import sys
from pathlib import Path

import pytest

from running import run

# Prints what the kernel has noted of the memory that a new object lies in.
FLAGS = """
import re
place, flags = id(object()), ""
for line in open("/proc/self/smaps"):
    if bounds := re.match("([0-9a-f]+)-([0-9a-f]+) ", line):
        is_there = int(bounds[1], 16) <= place < int(bounds[2], 16)
    elif is_there and line.startswith("VmFlags:"):
        print(line)
"""


def test_the_kernel_may_take_huge_pages_for_objects() -> None:
    if not Path("/sys/kernel/mm/transparent_hugepage").exists():
        pytest.skip("this kernel has no huge pages for such memory; try another machine")
    flags = run(sys.executable, "-c", FLAGS, check=True).stdout.split()
    assert "hg" in flags


def size() -> int:
    """Return the address space of a start, in bytes."""
    program = "print(open('/proc/self/status').read())"
    status = run(sys.executable, "-c", program, check=True).stdout
    return int(re.findall(r"VmPeak:\s+(\d+) kB", status)[0]) * 1024


def test_a_limit_without_room_for_them_changes_nothing() -> None:
    limit = size() - (20 << 20)
    program = f"import resource as r; r.setrlimit(r.RLIMIT_AS, ({limit}, {limit}))"
    start = f"{program}; import os, sys; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    done = run(sys.executable, "-c", start, "-c", FLAGS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hg" not in done.stdout.split()


MANY = """
import gc, resource
def used(): return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
before = used()
objects = [(number, str(number)) for number in range(2_000_000)]
most = used()
print(sum(int(text) == number for number, text in objects), most - before > 150e6)
del objects
gc.collect()
print(used() - before < (most - before) / 3)
"""


def test_more_than_fits_is_right_and_goes_back_to_the_system() -> None:
    assert run(sys.executable, "-c", MANY, check=True).stdout.split() == ["2000000", "True", "True"]
