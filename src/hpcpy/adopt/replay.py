"""The user's program in the environment and in the image, and what differs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcpy.core.errors import HpcpyError, UnavailableError
from hpcpy.core.stages import StageError
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from workloads.startup import calls, strace

_PYTHON = "/opt/hpcpy/bin/python3"
# Characters of a differing output line that are shown.
_LONGEST = 100
_SECONDS = 300


@dataclass(frozen=True)
class Place:
    """Where a program is started."""

    name: str  # For people
    command: Sequence[str]  # What starts Python there; the program follows
    program: str  # The path that is executed there, whose calls are counted


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    code: int  # The exit code
    output: bytes  # Standard output
    last_line: str  # The last line of standard error
    path_calls: int | None = None  # Of one more run; None where it failed or cannot be followed
    off_node: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, without the output itself."""
        counts = {"path_calls": self.path_calls, "off_node": self.off_node}
        return {"code": self.code, "bytes": len(self.output), "said": self.last_line, **counts}


def in_image(apptainer: Path, sif: Path) -> Place:
    """Return the image's interpreter, the working directory being the user's."""
    here = Path.cwd()
    # A setuid Apptainer cannot be traced by an ordinary user.
    as_user = [] if os.geteuid() == 0 else ["--userns"]
    command = [str(apptainer), "exec", *as_user, "--bind", str(here), "--pwd", str(here)]
    return Place(f"in {sif.name}", [*command, str(sif), _PYTHON], _PYTHON)


def outside(python: Path) -> Place:
    """Return an interpreter of this machine."""
    # Programs are known by their whole paths; links stay, which say whose they are.
    python = python.absolute()
    return Place(f"with {python}", [str(python)], str(python))


def environments_python(variables: Mapping[str, str]) -> Path | None:
    """Return the Python of the environment that is activated here; None where none is."""
    for name in ("CONDA_PREFIX", "VIRTUAL_ENV"):
        if (prefix := variables.get(name)) and (Path(prefix) / "bin/python").exists():
            return Path(prefix) / "bin/python"
    return None


def run(place: Place, program: Sequence[str]) -> Ran:
    """Run a program twice: for what it prints, and for its path calls."""
    command = [*place.command, *program]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise UnavailableError(f"{command[0]}: {error.strerror}") from error
    last = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
    ran = Ran(done.returncode, done.stdout, last)
    if ran.code:
        return ran
    try:
        found = traced(command, place.program)
    except HpcpyError as error:
        return Ran(ran.code, ran.output, f"path calls were not counted: {error}")
    return Ran(ran.code, ran.output, last, len(found.paths), len(found.off_node))


def compare(old: Place | None, new: Place, program: Sequence[str]) -> tuple[list[str], bool, Any]:
    """Run a program in both places; return lines for people, whether both agree, the figures."""
    after = run(new, program)
    if old is None:
        nothing = "no Python to compare with: give --python FILE, or activate the environment"
        return [_summary(new, after), nothing], not after.code, {"image": after.as_dict()}
    before = run(old, program)
    lines = [_summary(old, before), _summary(new, after)]
    is_same = before.code == after.code and before.output == after.output
    if before.code != after.code:
        lines.append(f"the exit codes differ: {before.code} and {after.code}")
    elif is_same:
        lines.append(f"the same output, {len(after.output)} bytes")
    else:
        lines.append(f"the outputs differ: {first_difference(before.output, after.output)}")
        if _varies(old, program, before.output):
            lines.append(f"{old.name} two runs print different things, too")
    return lines, is_same, {"environment": before.as_dict(), "image": after.as_dict()}


def _varies(place: Place, program: Sequence[str], output: bytes) -> bool:
    """Tell whether a second run in the same place prints something else, such as a time."""
    again = subprocess.run(
        [*place.command, *program], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return again.stdout != output


def _summary(place: Place, ran: Ran) -> str:
    counts = ""
    if ran.path_calls is not None:
        counts = f", {ran.path_calls:,} path calls, {ran.off_node:,} of them off-node"
    message = f": {ran.last_line}" if ran.last_line and (ran.code or ran.path_calls is None) else ""
    return f"{place.name}: exit code {ran.code}, {len(ran.output)} bytes{counts}{message}"


def first_difference(one: bytes, other: bytes) -> str:
    """Return the first lines that differ, with their number."""
    left, right = (text.decode(errors="replace").splitlines() for text in (one, other))
    for number, (a, b) in enumerate(zip(left, right, strict=False), 1):
        if a != b:
            return f"line {number} was {a[:_LONGEST]!r} and is {b[:_LONGEST]!r}"
    return f"{len(left)} lines and {len(right)}"


@dataclass(frozen=True)
class Traced:
    """The calls of a program and of all that it started."""

    each: list[calls.Call]
    started: dict[str, int]  # How many processes and threads

    @property
    def paths(self) -> list[calls.Call]:
        """The calls that were given a path."""
        return calls.path_calls(self.each)

    @property
    def off_node(self) -> list[calls.Call]:
        """The path calls that may ask a shared file system."""
        return calls.off_node(self.paths)

    @property
    def listings(self) -> list[str]:
        """The folder of each getdents call."""
        return [call.path for call in self.each if call.kind == "getdents"]

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers, as `python -m workloads startup` reports them."""
        return {**self.started, **calls.summary(self.each)}


def traced(command: Sequence[str], program: str) -> Traced:
    """Run a command and count the calls of one program that it starts, perhaps in a container."""
    found = look_up(needed(["measure"]))
    if "strace" not in found:
        raise UnavailableError("no strace here", hint="run: make setup TOOLS=measure")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(found["strace"].path), *strace.options(folder), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        each, started = strace.read(Path(folder), program)
    errors = done.stderr.strip().splitlines()[-1:] or ["no message"]
    if done.returncode:
        raise StageError(f"{program} ended with exit code {done.returncode}: {errors[0]}")
    if not each:
        raise StageError(f"{program} was never started: {errors[0]}")
    return Traced(each, started)
