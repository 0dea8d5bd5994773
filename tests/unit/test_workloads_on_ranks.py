"""The program of a cluster of ranks, and the processes that end beside it."""

from __future__ import annotations

from processes import python

# PR_SET_CHILD_SUBREAPER: orphans become this process's children, as those of the first
# process of a container.
RUNS = """
import ctypes, os
from workloads.on_ranks import processes
ctypes.CDLL(None).prctl(36, 1)
waits = []
own = os.waitid
os.waitid = lambda *words: waits.append(own(*words)) or waits[-1]
orphan = "import subprocess, time; subprocess.run(['sh', '-c', 'sleep 0.1 &']); time.sleep(0.6)"
print(processes.run(["-c", orphan], {}, {}), len(waits))
"""


def test_an_orphan_that_ends_is_waited_for_once() -> None:
    # Its status was never read: the wait for the program took a whole core.
    done = python("-c", RUNS)
    assert (done.stdout, done.stderr) == ("0 2\n", "")
