"""What a start asks of a shared file system, before and after: counted by strace.

strace cannot follow the daemon and a program at once: it waits for a page of the program that
the daemon, which strace has stopped, is to read.  So the launch is counted with a program of
the node, and the program by a strace inside.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import HpcpyError
from hpcpy.core.stages import say
from hpcpy.engine.traced import traced
from hpcpy.pack.environment import ON_THE_NODE, Environment, is_below
from hpcpy.pack.image import ANY
from workloads.startup.calls import Call

_TRUE = "/bin/true"
_HELD = {"HPCPY_PACK_HOLD": "3"}
_ALONE = {"HPCPY_PACK_HOLD": "0"}


@dataclass(frozen=True)
class Counts:
    """The path calls of a start that may ask a shared file system."""

    unpacked: int
    # Of a launch with a mount of its own, and where the node has one.
    fresh: int
    joined: int
    # Of the program then, out of the environment and of its own folder.
    others: int
    # In the folders of the program and of the shell, which are as many as before.
    own: int

    @property
    def line(self) -> str:
        """Return it for people."""
        fresh, joined = self.fresh + self.others, self.joined + self.others
        return (
            f"path calls off the node: {self.unpacked:,} before, now {fresh}, and {joined} where"
            f" the node has the mount; beside them {self.own} in the program's own folder, as"
            " before"
        )


def off_node(calls: Sequence[Call], elsewhere: Sequence[str] = ()) -> list[Call]:
    """Return the calls that may ask a shared file system."""
    local = ("", "/", *ON_THE_NODE, *elsewhere)
    return [call for call in calls if not (call.path in local or is_below(call.path, local[2:]))]


def start_of(environment: Environment, program: Sequence[str]) -> list[str]:
    """Return a start's command: a program of the environment, or words for its Python."""
    names = environment.prefix / "bin"
    if program and (environment.source / "bin" / program[0]).exists():
        return [str(names / program[0]), *program[1:]]
    return [str(names / "python"), *(program or ("-c", "pass"))]


def launch(any_: Path, env: dict[str, str]) -> int:
    """Count the calls of a launch, of the daemon too, until a program is executed."""
    calls = traced([str(any_), _TRUE], env={**os.environ, **env}).paths
    end = next(at for at, call in enumerate(calls) if call.path == _TRUE)
    # A program of the image lies where the one of the node does not.
    return len(off_node(calls[:end])) + 1


def count(environment: Environment, packed: Path, program: Sequence[str]) -> Counts | None:
    """Count the path calls of a start in the folder, and in what is to take its place.

    None, and a line that says why, where they cannot be counted.
    """
    command, any_ = start_of(environment, program), packed / "bin" / ANY
    own = [str(Path.cwd()), *(str(Path(word).absolute().parent) for word in program[:1])]
    try:
        before = off_node(traced(command).paths)
        alone = {**os.environ, **_ALONE}
        image = [str(environment.prefix), *map(str, environment.others)]
        after = off_node(traced(command, env=alone, within=[str(any_)]).paths, image)
        fresh = launch(any_, _ALONE)
        subprocess.run([any_, _TRUE], env={**os.environ, **_HELD}, check=True)
        joined = launch(any_, _HELD)
    except (HpcpyError, subprocess.SubprocessError) as error:
        say(f"path calls were not counted: {error}")
        return None
    of_program = [call for call in after if is_below(call.path, own)]
    others = len(after) - len(of_program)
    return Counts(len(before) - len(of_program), fresh, joined, others, len(of_program))
