"""A plan as a bash script: what runs, what ``DRY=1`` shows, what sbatch takes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from hpcpy.launch.words import Launch, Line, Option, quoted

_WIDTH = 46
_END = "END_OF_JOB"


def launch_script(plan: Launch) -> str:
    """Return the script that runs the plan from here.

    With lines that need a job it asks for one by salloc and gives it a script
    of its own; ``srun`` alone does so by itself.
    """
    first = _header(plan) + _commented_lines(plan.surroundings)
    if plan.within_job:
        return first + _body(plan, ())
    if not plan.needs_job_shell:
        return first + _body(plan, plan.allocation)
    job = _array("job", ["salloc"], plan.size, plan.allocation)
    body, end = _body(plan, ()), _END
    # A word of the user's may have lines of its own.
    while end in body:
        end += "_"
    return f"{first}{job}exec \"${{job[@]}}\" bash -s <<'{end}'\n{body}{end}\n"


def batch_script(plan: Launch) -> str:
    """Return the script for ``sbatch``."""
    lines = []
    for one in (*plan.size, *plan.allocation):
        lines += [f"# {one.why}"] if one.why else []
        lines.append(f"#SBATCH {one.shell}")
    first, rest = _header(plan).split("\n", 1)
    return "\n".join([first, *lines, ""]) + rest + _body(plan, ())


def show(script: str) -> None:
    """Print a script byte by byte: a path in it may be no text."""
    sys.stdout.flush()
    sys.stdout.buffer.write(script.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _header(plan: Launch) -> str:
    notes = "".join(f"# {note}\n" for note in plan.notes)
    return f"#!/bin/bash\n# {plan.title}\n{notes}"


def _body(plan: Launch, allocation: Iterable[Option]) -> str:
    lines = _commented_lines(plan.lines)
    step = _array(
        "step", map(quoted, plan.launcher), plan.size, allocation, plan.step, plan.program
    )
    if not plan.afterwards:
        return f'{lines}{step}exec "${{step[@]}}"\n'
    return f"{lines}{step}{_guarded(plan.afterwards)}"


def _guarded(afterwards: Iterable[Line]) -> str:
    """Return the shell that runs the step and then, whatever came of it, the lines.

    In the background, since a foreground command would keep bash from its trap,
    and in a process group of its own: a Ctrl-C for the shell's group as well
    would be two for srun, which kills the ranks at the second.
    """
    lines = _commented_lines(afterwards)
    return (
        # Before the step: without a trap bash forgets a Ctrl-C where the step goes on.
        "early= running=\n"
        "stop() { if [ $running ]; then kill -INT $running 2>/dev/null; else early=1; fi; }\n"
        "trap stop TERM INT HUP\n"
        "set -m\n"
        '"${step[@]}" &\n'
        "running=$!\n"
        "set +m\n"
        "[ ! $early ] || kill -INT $running\n"
        # A trap ends `wait`, not what it waits for.
        "until wait $running; code=$?; ! kill -0 $running 2>/dev/null; do :; done\n"
        f"{lines}exit $code\n"
    )


def _array(name: str, words: Iterable[str], *groups: Iterable[Option]) -> str:
    options = [one for group in groups for one in group]
    body = "".join(_commented(f"  {one.shell}", one.why) for one in options)
    return f"{name}=(\n  {' '.join(words)}\n{body})\n"


def _commented_lines(lines: Iterable[Line]) -> str:
    return "".join(_commented(line.shell, line.why) for line in lines)


def _commented(shell: str, why: str) -> str:
    return f"{shell:<{_WIDTH}} # {why}\n" if why else f"{shell}\n"
