"""What was a part of `workloads`, and is one of `hpcpy_job` now, by its former name."""

from __future__ import annotations

import runpy
import sys

from hpcpy_common import ranks


def run(name: str) -> None:
    """Say what to type now, and run it in this process."""
    if ranks.is_first():
        line = f"{name} goes from workloads with the next release: python -m hpcpy_job {name}"
        print(f"workloads: {line}", file=sys.stderr, flush=True)
    sys.argv[1:1] = [name]
    runpy.run_module("hpcpy_job", run_name="__main__", alter_sys=True)
