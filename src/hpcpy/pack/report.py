"""What a start asks of a shared file system, before and after: counted by strace.

strace cannot follow the daemon and a program at once: it waits for a page of the program that
the daemon, which strace has stopped, is to read.  So the launch is counted with a program of
the node, and the program by a strace inside.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpcpy.core.errors import HpcpyError
from hpcpy.engine.traced import traced
from hpcpy.pack.environment import ON_THE_NODE, Environment, is_below
from workloads.startup.calls import Call

_TRUE = "/bin/true"
# A start with a mount of its own.
ALONE = {"HPCPY_PACK_HOLD": "0"}


def _off_node(calls: Sequence[Call], elsewhere: Sequence[str] = ()) -> list[str]:
    local = (*ON_THE_NODE, *elsewhere)
    paths = [call.path for call in calls]
    return [path for path in paths if path not in ("", "/") and not is_below(path, local)]


def launch(packed: Path, env: Mapping[str, str]) -> int:
    """Count the calls of a launch, of the daemon too, until a program is executed."""
    command = [str(packed / "bin/pack-exec"), _TRUE]
    calls = traced(command, env={**os.environ, **env}).paths
    end = next(at for at, call in enumerate(calls) if call.path == _TRUE)
    # A program of the image lies where the one of the node does not.
    return len(_off_node(calls[:end])) + 1


def count(environment: Environment, packed: Path, program: Sequence[str]) -> str:
    """Return a line of a start's path calls in the folder, and in what is to take its place."""
    prefix = environment.prefix
    if program and environment.is_command(program[0]):
        command = [str(prefix / "bin" / program[0]), *program[1:]]
    else:
        command = [str(prefix / "bin/python"), *(program or ("-c", "pass"))]
    inside = [str(packed / "bin/pack-exec")]
    try:
        before = _off_node(traced(command).paths)
        calls = traced(command, env={**os.environ, **ALONE}, within=inside).paths
        launched = launch(packed, ALONE)
    except HpcpyError as error:
        return f"path calls were not counted: {error}"
    after = _off_node(calls, [*map(str, environment.folders)])
    # As many before as now, of the program and of its user, or kept by any node: torch looks
    # 2,000 times at each folder above its own.
    above = {str(folder) for folder in prefix.parents}
    others = [str(Path.cwd()), str(Path.home()), tempfile.gettempdir()]
    others += [str(Path(word).absolute().parent) for word in program[:1]]
    same = sum(path in above or is_below(path, others) for path in after)
    return (
        f"path calls off the node: {len(before) - same:,} before, now"
        f" {launched + len(after) - same}; beside them {same:,} in the folders above the"
        " environment, in the home and in the program's"
    )
