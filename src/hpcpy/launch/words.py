"""The words of a shell command, each with its reason."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")


class Expanded(str):
    """A word in which the job's shell expands ``$NAME`` or ``${NAME}``, and nothing else."""

    __slots__ = ()

    @property
    def names(self) -> set[str]:
        """The variables it names."""
        return {found.strip("${}") for found in _VARIABLE.findall(self)}


def quoted(word: str) -> str:
    """Return a word as bash reads it back.

    Examples
    --------
    >>> quoted("$a b"), quoted(Expanded("/scratch/$USER/a b")), quoted(Expanded("/tmp"))
    ("'$a b'", '"/scratch/$USER/a b"', '/tmp')
    """
    if not (isinstance(word, Expanded) and word.names):
        return shlex.quote(word)
    kept = _VARIABLE.findall(word)
    parts = [re.sub(r'(["\\`$])', r"\\\1", part) for part in _VARIABLE.split(word)]
    return '"' + "".join(part + name for part, name in zip(parts, [*kept, ""], strict=True)) + '"'


@dataclass(frozen=True)
class Option:
    """Words that belong together, on a line of their own."""

    words: tuple[str, ...]
    why: str = ""

    @property
    def shell(self) -> str:
        """The words, quoted."""
        return " ".join(quoted(word) for word in self.words)


def option(*words: str, why: str = "") -> Option:
    """Return an `Option` of these words."""
    return Option(words, why)


@dataclass(frozen=True)
class Variable:
    """A variable for the ranks."""

    name: str
    value: str
    why: str


@dataclass(frozen=True)
class Line:
    """A line of shell before or after the step."""

    shell: str
    why: str


@dataclass(frozen=True)
class Launch:
    """A launch, ready to be run, written or shown.

    Parameters
    ----------
    title
        One line about it.
    size
        How much is asked for, of job and step alike.
    allocation
        What else is asked of the scheduler for a job.
    lines
        Shell lines before the step.
    step
        ``srun``'s other options.
    program
        The engine and what runs in it.
    afterwards
        Shell lines after the step, however it ended.
    notes
        Remarks, for comments at the script's start.
    within_job
        Whether a job is there already.
    needs_job_shell
        Whether lines or words need a job before ``srun`` runs.
    surroundings
        Shell lines before a job is asked for.
    launcher
        What starts the program.
    """

    title: str
    size: tuple[Option, ...]
    allocation: tuple[Option, ...]
    lines: tuple[Line, ...]
    step: tuple[Option, ...]
    program: tuple[Option, ...]
    afterwards: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    within_job: bool = False
    needs_job_shell: bool = False
    surroundings: tuple[Line, ...] = ()
    launcher: tuple[str, ...] = ("srun",)
