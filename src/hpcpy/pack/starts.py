"""What a start of a packed folder asks a file system for, and what it reads ahead."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpcpy.core.stages import StageError, say
from hpcpy.engine.traced import traced
from hpcpy.pack import hot
from hpcpy.pack.environment import ON_THE_NODE, Environment, is_below
from hpcpy.pack.image import ANY, image_of, setting
from hpcpy_common.errors import HpcpyError, UnavailableError

_TRUE, _BASH = "/bin/true", "/bin/bash"
# As join.c has them.
_OF_JOBS = (
    *("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID"),
    *("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"),
)
# A start with a mount of its own.
ALONE = {**hot.BY_MOUNT, "HPCPY_PACK_HOLD": "0"}


def launch(packed: Path, env: Mapping[str, str]) -> int:
    """Count the calls of a launch for the image, of the daemon too."""
    # A program of the node: strace, which stops the daemon, would wait for its page of the image.
    # In a job a mount ends with the program that started its first start: with strace, which
    # waits for the mount.
    here = {name: value for name, value in os.environ.items() if not name.startswith(_OF_JOBS)}
    calls = traced([str(packed / "bin" / ANY), _TRUE], env={**here, **env}).paths
    paths = [call.path for call in calls]
    # Scripts of activation are read from the image.
    end = min(paths.index(name) for name in (_TRUE, _BASH) if name in paths)
    before = [path for path in paths[:end] if path != "/"]
    # A program of the image lies where the one of the node does not.
    return sum(not is_below(path, ON_THE_NODE) for path in before) + 1


def record(prefix: Path, program: Sequence[str]) -> Sequence[hot.Range]:
    """Run a program in a packed folder: what it reads will be read ahead, too; return all of it."""
    before = hot.ranges(prefix)
    recording = hot.record(prefix, _command(prefix, prefix, program))
    if recording is None:
        raise UnavailableError(f"{prefix}: cannot be mounted here, so nothing is read ahead")
    if recording.error:
        if hot.ranges(prefix) == before:
            raise recording.error
        # What it has read until then is kept.
        say(str(recording.error))
    print(_ahead(prefix))
    return recording.read


def _command(prefix: Path, packed: Path, program: Sequence[str]) -> list[str]:
    """Return the command of a program: a name in ``bin``, or what Python is given."""
    is_command = bool(program) and os.path.exists(f"{prefix}/bin/{program[0]}")
    python = hot.python_in(prefix)
    if not is_command and not os.path.exists(prefix / "bin" / python):
        raise StageError(f"{prefix}: has no bin/{python}", hint="name a program of bin after --")
    words = program if is_command else (python, *(program or ("-c", "pass")))
    # Those of a SIF are found by its PATH.
    return [f"{setting(packed, 'BIN')}{words[0]}", *words[1:]]


def count(environment: Environment, packed: Path, program: Sequence[str]) -> str:
    """Return a line of how often a start asks for the environment's files, and will ask."""
    # What the program reads of the image will be read ahead; one that was named must not fail.
    try:
        command = _command(environment.prefix, packed, program)
        recording = hot.record(packed, command)
        if recording and recording.error:
            raise recording.error
        calls = recording.calls if recording else traced(command).paths
        folders = [*map(str, environment.folders)]
        before = sum(is_below(call.path, folders) for call in calls)
        line = f"path calls for its files: {before:,} before, now {launch(packed, ALONE)}"
    except HpcpyError as error:
        # A program that was named ran in the folder as it was: packed, it would fail as well.
        if program and isinstance(error, StageError):
            raise
        nothing = ", and nothing is read ahead" if program and not hot.ranges(packed) else ""
        line = f"path calls were not counted{nothing}: {error}"
    return f"{line}; {_ahead(packed)}" if hot.ranges(packed) else line


def _ahead(packed: Path) -> str:
    ranges, size = hot.ranges(packed), image_of(packed).stat().st_size
    read = sum(each.size for each in ranges)
    return f"read ahead: {read / 1e6:,.1f} of {size / 1e6:,.1f} MB, in {len(ranges)} ranges"
