"""What a row says of memory, against blocks of a known size."""

from __future__ import annotations

from processes import python

from workloads.bench import machine

_BLOCK = 96 << 20
_HOLDS = f"block = bytearray({_BLOCK}); print(flush=True); input()"


def test_a_peak_stays_after_the_memory_is_free_and_forgotten_at_the_next_row() -> None:
    assert machine.forget_peak()
    before = machine.peak_memory()[0]
    block = bytearray(_BLOCK)
    del block
    assert machine.peak_memory()[0] >= before + _BLOCK // 2
    assert machine.forget_peak()
    assert machine.peak_memory()[0] < before + _BLOCK // 2


# A shell that stays between them, as Dask's nannies do.
_COUNTS = f"""
import subprocess, sys
from workloads.bench import machine
words = ["sh", "-c", '"$@"; true', "sh", sys.executable, "-c", {_HOLDS!r}]
with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(*machine.peak_memory())
    child.communicate(b"\\n")
"""


# In processes of their own: other tests leave children to this one.
def test_children_and_theirs_count() -> None:
    found = [int(peak) for peak in python("-c", _COUNTS).stdout.split()]
    assert len(found) == 3
    assert max(found[1:]) >= _BLOCK
