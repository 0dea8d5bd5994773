"""What a program asks of the file system at its start, and how much of it is Python's own."""

from __future__ import annotations

import itertools
import os
import site
import statistics
import sys
from pathlib import Path

from hpcpy_common import mounts
from hpcpy_job.forecast.model import Program
from workloads.startup.calls import is_below, off_node, path_calls
from workloads.startup.command import Invocation
from workloads.startup.techniques import follow, processor_time, run

RUNS = 4


def count(case: Invocation, where: Path) -> Program:
    """Run a program `RUNS` times and return what it takes of the file system of `where`."""
    # The median of runs, of which the later are warm: the model adds the wait for files.
    times = [processor_time()]
    for _ in range(RUNS - 1):
        run(case.command)
        times.append(processor_time())
    cpu = statistics.median(after - before for before, after in itertools.pairwise(times))
    calls = off_node(path_calls(follow(case.command)[0]))
    # Calls for files on disks of this node do not ask a network's file system.
    if is_shared(mounts.here(str(where))):
        calls = [call for call in calls if is_shared(mounts.here(call.path))]
    own = [call for call in calls if not _is_pythons(call.path)]
    # Python looks at the first folder of sys.path, the program's, for each module that it imports.
    script = Path(case.arguments[0])
    first = {str(script.absolute().parent), str(script.resolve().parent)}
    looks = [call.path for call in own if call.kind == "stat" and call.path in first]
    opened = [call.path for call in calls if call.kind == "open" and call.value >= 0]
    size = sum(map(_size, {*opened}))
    return Program(cpu, len(calls), len(own), len(looks) - len({*looks}), size, len(opened))


def is_shared(kind: str) -> bool:
    """Return whether a kind of file system is a network's."""
    # Some clients in user space give no other kind than this.
    return mounts.is_network(kind) or kind == "fuse"


def _is_pythons(path: str) -> bool:
    folders = [sys.prefix, sys.exec_prefix, sys.base_prefix, site.getusersitepackages()]
    # Python makes its search path absolute.
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    folders += map(os.path.abspath, given)
    return any(is_below(path, folder) for folder in folders)


def _size(path: str) -> int:
    # Not of a file that only that start had, nor of a folder.
    return os.path.getsize(path) if os.path.isfile(path) else 0  # noqa: PTH113, PTH202
