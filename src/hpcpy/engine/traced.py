"""The calls of a program, counted by the host's strace: in an image, in an environment."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.files import more_room
from hpcpy.core.programs import NOT_STARTED, captured
from hpcpy.core.stages import StageError
from hpcpy.engine.tools import here
from hpcpy_common.errors import DiskError, UnavailableError
from hpcpy_common.programs import ended
from workloads.startup import calls, strace

_SECONDS = 300


@dataclass(frozen=True)
class Traced:
    """The calls of a program and of all that it started."""

    each: list[calls.Call]
    started: dict[str, int]  # How many processes and threads

    @property
    def paths(self) -> list[calls.Call]:
        """The calls that were given a path."""
        return calls.path_calls(self.each)


def traced(
    command: Sequence[str],
    program: str = "",
    *,
    env: Mapping[str, str] | None = None,
    name: str = "",
    may_lack: bool = False,
) -> Traced:
    """Run a command and count the calls of one program that it starts; without one, of all.

    If this machine `may_lack` strace, the command runs there, and has no calls.
    """
    with tempfile.TemporaryDirectory() as folder:
        words: list[str | Path] = [*command]
        try:
            words[:0] = [here("strace"), *strace.options(folder)]
        except UnavailableError:
            if not may_lack:
                raise
        done = captured(words, env=env, seconds=_SECONDS)
        if not shutil.disk_usage(folder).free:
            raise DiskError(f"{folder}: no space left on the device", hint=more_room(Path(folder)))
        each, started = strace.read(Path(folder), program)
    errors = done.stderr.strip().splitlines()[-1:] or ["no message"]
    name = name or program or command[0]
    if done.returncode == NOT_STARTED:  # or does not end
        raise UnavailableError(f"{name}: {errors[0]}")
    if done.returncode:
        raise StageError(f"{name} {ended(done.returncode)}: {errors[0]}")
    if not each and len(words) > len(command):
        raise StageError(f"{name} was never started: {errors[0]}")
    return Traced(each, started)
