"""Explain in one line why a step failed, from its stderr."""

from __future__ import annotations

import re

from hpcpy.errors import UnavailableError

_TASK = re.compile(
    r"^srun: error: (?P<node>[^:\s]+): tasks? (?P<ranks>[0-9,\[\]-]+): (?P<what>.+)$"
)
# Printed by the shell of `sharing` and `one_container`, which then kills the rank's engine:
# Slurm itself reports only that signal.
_GUARDED = re.compile(r"^hpcpy: rank (?P<ranks>\d+) on (?P<node>\S+): (?P<what>exit code \d+)$")
_SCHEDULER = re.compile(
    r"^(?:srun|salloc|sbcast|slurmstepd|slurmd|hpcpy)[^:]*: (?:error: |fatal: )?(?P<what>.+)$"
)
# Slurm's own lines, and those of the shell that starts a rank: a rank prints what it likes.
_NO_RANKS = re.compile(r"^(?:s(?:run|alloc|batch|bcast|info|control)\b|slurm)|^\S+: .*\bexec: ")
_ENDED_BY_OTHERS = re.compile(r"Terminated|Killed by|Exited with exit code 143")
_SILENT = "no Slurm controller answers"
_KNOWN = (
    (re.compile(r"DUE TO TIME LIMIT"), "the job's time is over; ask for more: TIME=HH:MM:SS"),
    (re.compile(r"execve\(\): (\S+): No such file"), r"a node has no program \1"),
    (re.compile(r"exec: (\S+): not found"), r"a node has no program \1"),
    (re.compile(r"Node failure on (\S+)"), r"node \1 has failed"),
    (
        re.compile(r"DUE TO NODE FAILURE"),
        "a node of the job has failed; sinfo --Node --states=down names it",
    ),
    (
        re.compile(r"Timed out waiting for job step to complete"),
        "ranks of a node did not end, which may have failed; sinfo --Node --states=down names it",
    ),
    (
        re.compile(r"(?:Unable to allocate resources|Job submit/allocate failed): (.+)"),
        r"Slurm gives no job: \1",
    ),
    (
        re.compile(r"[Ii]nvalid MPI|Couldn't find.*mpi|MPI: [Cc]annot"),
        "Slurm has no such kind of MPI; srun --mpi=list names those it has: MPI=…",
    ),
    (
        re.compile(r"Unable to contact slurm controller|establish a configuration source"),
        f"{_SILENT}; `make cluster` starts one here, which SITE=local takes",
    ),
)


def explained(stderr: str, code: int) -> str:
    """Return in one line why a step failed, from what it left on stderr.

    Parameters
    ----------
    stderr
        The end of stderr: lines of ranks and of Slurm, in the order in which they came.
    code
        srun's exit code.
    """
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", stderr) if line.strip()]
    for pattern, meaning in _KNOWN:
        for line in filter(_NO_RANKS.match, lines):
            if found := pattern.search(line):
                return found.expand(meaning)
    deaths = [
        (number, found)
        for number, line in enumerate(lines)
        if (found := _TASK.match(line) or _GUARDED.match(line))
    ]
    if deaths:
        # The first rank that --kill-on-bad-exit did not end, as it may have ended the others.
        at, first = next(
            (one for one in deaths if not _ENDED_BY_OTHERS.search(one[1]["what"])), deaths[0]
        )
        said = _last_words(lines, at, first["ranks"])
        which = "rank" if first["ranks"].isdigit() else "ranks"
        where = f"{which} {first['ranks'].strip('[]')} on {first['node']}"
        return f"{where}: {first['what']}" + (f"; last on stderr: {said}" if said else "")
    said = next((f["what"] for line in reversed(lines) if (f := _SCHEDULER.match(line))), "")
    return said or (lines[-1].strip() if lines else f"exit code {code}")


def own_code(line: str, code: int) -> int:
    """Return the exit code of the rank that an explanation names, else `code`.

    srun returns the highest code of all ranks, often the 143 of a rank that it has ended
    itself.  Without a controller it returns 1, and this 69 (`UnavailableError`).
    """
    if line.startswith(_SILENT):
        return UnavailableError.exit_code
    found = re.match(r"ranks? [0-9,-]+ on [^:]+: (?:Exited with )?exit code (\d+)\b", line)
    return int(found[1]) if found else code


def _last_words(lines: list[str], at: int, ranks: str) -> str:
    """Return the last line before a rank's end that names it, else MPI's abort, else any."""
    spoken = [line for line in lines[:at] if not _SCHEDULER.match(line)] or [
        line for line in lines if not _SCHEDULER.match(line)
    ]
    for known in (rf"\brank {re.escape(ranks)}\b", r"^Abort\("):
        for line in reversed(spoken):
            if re.search(known, line):
                return line
    return spoken[-1] if spoken else ""
