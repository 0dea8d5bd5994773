"""Every row of the workload `write` on a disk that is too small, in the image.

Without arguments it runs them one after the other and prints of each the exit
code, what was said, and what was left in the working directory.
"""

import json
import os
import subprocess
import sys

from workloads.__main__ import _entry
from workloads.write import attempt
from workloads.write.registry import TECHNIQUES

# 9.6 MB, of which some arrays fit.
SIZE = ("-n", "30", "-s", "200")
RANKS = 3


def every_row() -> dict[str, tuple[int, str, list[str]]]:
    found = {}
    for name, technique in TECHNIQUES.items():
        ranks = technique.parallel == "ranks"
        launcher = ["mpiexec", "-n", str(RANKS)] if ranks else []
        options = ["write", "--impl", name, *SIZE, "--workers", "2", "--out", "out"]
        done = subprocess.run(
            [*launcher, sys.executable, __file__, *options],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        found[name] = (done.returncode, done.stderr, sorted(os.listdir()))  # noqa: PTH208
    return found


# Spawned workers import this file under another name.
if __name__ == "__main__":
    if sys.argv[1:]:
        # It would refuse to begin.
        vars(attempt)["require_room"] = lambda *_: None
        sys.exit(_entry())
    print(json.dumps(every_row()))
