"""What a row says of memory, against blocks of a known size."""

from __future__ import annotations

import json
from pathlib import Path

from processes import python

from workloads.harness import memory

_BLOCK = 96 << 20
_HOLDS = f"block = bytearray({_BLOCK}); print(flush=True); input()"


def test_a_peak_is_told_after_the_memory_is_free_and_forgotten_at_the_next_row() -> None:
    assert memory.begin()
    before = memory.peaks()[0]
    block = bytearray(_BLOCK)
    del block
    assert memory.peaks()[0] >= before + _BLOCK // 2
    assert memory.begin()
    assert memory.peaks()[0] < before + _BLOCK // 2


# A shell that stays between them, as Dask's nannies do.
_COUNTS = f"""
import subprocess, sys
from workloads.harness import allocations, memory
words = ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", {_HOLDS!r}]
with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(*memory.peaks())
    child.communicate(b"\\n")
"""


# In processes of their own: other tests leave children to this one.
def test_children_and_theirs_count() -> None:
    found = [int(peak) for peak in python("-c", _COUNTS).stdout.split()]
    assert len(found) == 3
    assert max(found[1:]) >= _BLOCK


def test_the_json_has_a_number_for_each_process(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    words = ["-n", "1000", "--impl", "python,multiprocessing", "--workers", "2"]
    assert python("-m", "workloads", "pi", *words, "--json", report).returncode == 0
    alone, pool = (each["memory"] for each in json.loads(report.read_text())["results"])
    assert len(alone) == 1
    # The fork server, its two workers and, where it is up, the tracker of semaphores.
    assert len(pool) in (4, 5)
    assert min(alone + pool) > 1 << 20
