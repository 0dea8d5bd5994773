"""A launch as a bash script: its words, each with its reason, and the scripts made of them."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
_WIDTH = 46
# For a script and what it starts: options that a user has exported, or has set by BASH_ENV.
PLAIN = "set +aefumC +o pipefail +o posix; export -n SHELLOPTS BASHOPTS"


class Expanded(str):
    """A word in which the job's shell expands ``$NAME`` or ``${NAME}``, and nothing else."""

    __slots__ = ()

    @property
    def names(self) -> set[str]:
        """The variables it names."""
        return {name.strip("${}") for name in _VARIABLE.findall(self)}


def quoted(word: str) -> str:
    """Return a word as bash reads it back; in an `Expanded` one its shell expands $NAME."""
    if not (isinstance(word, Expanded) and word.names):
        return shlex.quote(word)
    kept = _VARIABLE.findall(word)
    parts = [re.sub(r'(["\\`$])', r"\\\1", part) for part in _VARIABLE.split(word)]
    return '"' + "".join(part + name for part, name in zip(parts, [*kept, ""], strict=True)) + '"'


def heredoc(text: str, end: str) -> str:
    """Return a here-document of a text, of which the shell expands nothing."""
    # A word of the user's may have several lines, and this among them.
    while end in text:
        end += "_"
    return f" <<'{end}'\n{text.rstrip()}\n{end}"


@dataclass(frozen=True)
class Line:
    """A line of shell; or several, of which the reason stands above."""

    shell: str
    why: str


def option(*words: str, why: str = "") -> Line:
    """Return words of a command that belong together."""
    return Line(" ".join(map(quoted, words)), why)


def variable_of_script(name: str, script: str, why: str) -> Line:
    """Return the lines that put a script into a variable, readable as it is."""
    # `read` finds no end, which a `set -e` of the site's setup would take for a failure.
    return Line(f"! read -r -d '' {name}{heredoc(script, name.upper())}", why)


@dataclass(frozen=True)
class HostFacts:
    """What a plan needs of this machine."""

    folder: str  # The working directory
    program: str  # The engine's program
    image: str  # A file or a reference; for ``standalone`` and ``none`` the interpreter
    job_nodes: int = 0  # Of the job that this runs in, as ranks will; 0 if a new one is asked for
    is_in_step: bool = False  # Whether this runs in a step of it
    is_checked: bool = True  # Whether ranks are to look at their surroundings first
    has_site_file: bool = False  # Whether a module or /etc has one, which preflight would read
    slurm: str = ""  # Which Slurm is asked; empty for the machine's own
    surroundings: tuple[Line, ...] = ()  # Shell lines that make a script ask that Slurm


@dataclass(frozen=True)
class LaunchPlan:
    """A launch, ready to be run, written or shown."""

    title: str  # One line about it
    size: tuple[Line, ...]  # How much is asked for, of job and step alike
    allocation: tuple[Line, ...]  # What else is asked of the scheduler for a job
    lines: tuple[Line, ...]  # Shell lines before the step
    step: tuple[Line, ...]  # ``srun``'s other options
    program: tuple[Line, ...]  # The engine and what runs in it
    within_job: bool = False  # Whether a job is there already
    needs_job_shell: bool = False  # Whether lines or words need a job before ``srun`` runs
    surroundings: tuple[Line, ...] = ()  # Shell lines before a job is asked for


def launch_script(plan: LaunchPlan) -> str:
    """Return the script that becomes the plan's srun, or a salloc whose shell does."""
    head = _header(plan) + _commented_lines(plan.surroundings)
    if plan.within_job or not plan.needs_job_shell:
        return head + _body(plan, () if plan.within_job else plan.allocation)
    job = _array("job", ["salloc"], plan.size, plan.allocation)
    body = heredoc(f"{PLAIN}\n{_body(plan, ())}", "END_OF_JOB")
    # salloc 22.05 returns 0 where its own child is killed.
    return f"{head}{job}exec \"${{job[@]}}\" bash -c 'bash -s || exit'{body}\n"


def batch_script(plan: LaunchPlan) -> str:
    """Return the script for ``sbatch``."""
    options = (*plan.size, *plan.allocation)
    # sbatch takes a backslash away also within quotes.
    words = [(line.shell.replace("\\", "\\\\"), line.why) for line in options]
    lines = [_commented(f"#SBATCH {shell}", why) for shell, why in words]
    first, rest = _header(plan).split("\n", 1)
    return "".join([first, "\n", *lines, rest, _body(plan, ())])


def show(script: str) -> None:
    """Print a script as bytes, as a path in it may not be UTF-8."""
    sys.stdout.flush()
    sys.stdout.buffer.write(script.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _header(plan: LaunchPlan) -> str:
    plain = _commented(PLAIN, "the login shell may export its own")
    return f"#!/bin/bash\n# {plan.title}\n{plain}"


def _body(plan: LaunchPlan, allocation: Iterable[Line]) -> str:
    step = _array("step", ["srun"], plan.size, allocation, plan.step, plan.program)
    return f'{_commented_lines(plan.lines)}{step}exec "${{step[@]}}"\n'


def _array(name: str, words: Iterable[str], *groups: Iterable[Line]) -> str:
    options = [line for group in groups for line in group]
    body = "".join(_commented(f"  {line.shell}", line.why) for line in options)
    return f"{name}=(\n  {' '.join(words)}\n{body})\n"


def _commented_lines(lines: Iterable[Line]) -> str:
    return "".join(
        f"# {line.why}\n{line.shell}\n" if "\n" in line.shell else _commented(line.shell, line.why)
        for line in lines
    )


def _commented(shell: str, why: str) -> str:
    return f"{shell:<{_WIDTH}} # {why}\n" if why else f"{shell}\n"
