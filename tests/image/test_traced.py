"""viztracer's own combination of ranks' traces, as docs/reference/workloads.md has it."""

import json
import sys
from pathlib import Path

from running import in_own_process, launcher, printed

PROGRAM = """
from mpi4py import MPI
def mine(x):
    return x + 1
for i in range(30):
    mine(i)
MPI.COMM_WORLD.Barrier()
"""


def test_all_ranks_calls_are_in_one_file(tmp_path: Path) -> None:
    script, trace = tmp_path / "my.py", tmp_path / "all.json"
    script.write_text(PROGRAM)
    command = f"cd {tmp_path} && exec {sys.executable} -m viztracer -o r$PMI_RANK.json my.py"
    printed(in_own_process(*launcher(3), "sh", "-c", command))
    files = sorted(tmp_path.glob("r*.json"))
    printed(in_own_process(sys.executable, "-m", "viztracer", "--combine", *files, "-o", trace))
    events = json.loads(trace.read_text())["traceEvents"]
    calls = [event["pid"] for event in events if event["name"].startswith("mine ")]
    assert sorted(map(calls.count, {*calls})) == [30] * 3
