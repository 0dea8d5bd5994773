"""A plan as a bash script: what runs, what ``DRY=1`` shows, what sbatch takes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from hpcpy.launch.words import Launch, Line, Option, quoted

_WIDTH = 46
_END = "END_OF_JOB"


def launch_script(plan: Launch) -> str:
    """Return the script that runs the plan from here.

    If its lines need a job, it asks salloc for one and runs them in that job's
    shell; otherwise ``srun`` asks for the job.
    """
    first = _header(plan) + _commented_lines(plan.surroundings)
    if plan.within_job:
        return first + _body(plan, ())
    if not plan.needs_job_shell:
        return first + _body(plan, plan.allocation)
    job = _array("job", ["salloc"], plan.size, plan.allocation)
    body, end = _body(plan, ()), _END
    # A word of the user's may have several lines, and this among them.
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
    """Print a script as bytes: a path in it may not be UTF-8."""
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

    The step runs in the background, since bash runs no trap while it waits for a
    foreground command.  It has a process group of its own: otherwise srun would get
    a Ctrl-C twice, from the terminal and by the trap, and kill the ranks.
    """
    lines = _commented_lines(afterwards)
    return (
        # Before the step: without a trap, bash forgets a Ctrl-C that the step survives.
        "early= running=\n"
        "stop() { if [ $running ]; then kill -INT $running 2>/dev/null; else early=1; fi; }\n"
        "trap stop TERM INT HUP\n"
        "set -m\n"
        '"${step[@]}" &\n'
        "running=$!\n"
        "set +m\n"
        "[ ! $early ] || kill -INT $running\n"
        # A trap ends `wait`, but not the step.
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
