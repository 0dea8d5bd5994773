"""Memory that arrays free stays in the process, unless the user says otherwise."""

import os
import resource
import sys
from pathlib import Path

import pytest

from running import run

# Computes with arrays of 2 MB, and prints how many pages the kernel has cleared for an array.
FORMULA = """
import resource
import numpy as np
x = np.ones((500, 500))
def compute(): return x / 10 * x + x * x * 2 - np.floor(x / 3)
for _ in range(3): compute()
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for _ in range(100): compute()
print((faults() - before) // 100)
"""
BY_USER = [
    {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=131072"},
    {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"},
]


def cleared(**variables: str) -> int:
    env = {name: value for name, value in os.environ.items() if "MALLOC" not in name.upper()}
    env = {**env, "GLIBC_TUNABLES": "", **variables}
    return int(run(sys.executable, "-c", FORMULA, env=env, check=True).stdout)


PAGE = resource.getpagesize()
ARRAY_PAGES = 500 * 500 * 8 // PAGE


def test_a_formula_of_arrays_takes_no_new_pages() -> None:
    assert cleared() < ARRAY_PAGES / 10


@pytest.mark.parametrize("variables", BY_USER)
def test_what_the_user_has_set_is_kept(variables: dict[str, str]) -> None:
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if huge.exists() and "[always]" in huge.read_text():
        pytest.skip("this kernel clears huge pages, which are few; try one that has madvise")
    assert cleared(**variables) > ARRAY_PAGES


USED = """
import resource
def used(): return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
before = used()
"""
# Blocks of which a result is kept, which lies between them.
ROUNDS = f"""{USED}
kept = []
def compute():
    blocks = []
    for _ in range(10):
        blocks.append(b"x" * (24 << 20))
        kept.append(b"y" * 100_000)
    return used() - before
most = compute()
print(most > 240e6, compute() < 1.2 * most, used() - before < 60e6)
"""


def test_at_the_heaps_end_64_mib_stay() -> None:
    program = f"""{USED}
blocks = [bytes(1 << 20) + b"x" for _ in range(300)]
most = used() - before
del blocks
print(most > 300e6, used() - before < 80e6)
"""
    assert run(sys.executable, "-c", program, check=True).stdout.split() == ["True", "True"]


def test_what_stays_serves_the_next_arrays() -> None:
    assert run(sys.executable, "-c", ROUNDS, check=True).stdout.split()[:2] == ["True", "True"]


def test_by_the_variable_of_the_page_next_to_nothing_stays() -> None:
    env = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "131072"}
    said = run(sys.executable, "-c", ROUNDS, env=env, check=True).stdout
    assert said.split() == ["True", "True", "True"]
