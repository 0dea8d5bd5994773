"""Trace a command from the host, by the tracer of the workload `startup`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpcpy.core import paths
from hpcpy.core.stages import StageError
from workloads.startup.counts import PathCall
from workloads.startup.places import is_node_local

_SECONDS = 300
# Its module's path is no environment variable: the command would inherit it.
_TRACER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from workloads.startup.tracer import trace
print(json.dumps(trace(sys.argv[3:], sys.argv[2], calls=True)))
"""


@dataclass(frozen=True)
class Traced:
    """The calls of a program and of all that it started."""

    summary: dict[str, Any]  # `workloads.startup.counts.Counts.summary`, without single folders
    paths: list[PathCall]  # Each path call
    listings: list[str | None]  # The folder of each getdents call

    @property
    def off_node(self) -> list[PathCall]:
        """The path calls that may ask a shared file system."""
        return [call for call in self.paths if not is_node_local(call.path)]


def traced(command: Sequence[str], program: str, *, env: Mapping[str, str] | None = None) -> Traced:
    """Run a command and count the calls of one program that it starts, perhaps in a container."""
    tracer = [sys.executable, "-I", "-c", _TRACER, str(paths.ROOT / "src"), program]
    first, *rest = command
    done = subprocess.run(
        [*tracer, shutil.which(first) or first, *rest],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )
    errors = done.stderr.strip().splitlines()[-1:] or ["no message"]
    if done.returncode:
        raise StageError(f"the tracer failed with exit code {done.returncode}: {errors[0]}")
    found = json.loads(done.stdout)
    if code := found.pop("code", 0):
        raise StageError(f"{program} ended with exit code {code}: {errors[0]}")
    if error := found.pop("error", ""):
        raise StageError(error)
    found.pop("folders")
    calls = [PathCall(*call) for call in found.pop("paths")]
    return Traced(summary=found, listings=found.pop("listings"), paths=calls)
