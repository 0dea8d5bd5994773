"""Explain in one line why a step failed, from its stderr."""

from __future__ import annotations

import re

from hpcpy.core.errors import UnavailableError, UsageError

_TASK = re.compile(
    r"^srun: error: (?P<node>[^:\s]+): tasks? (?P<ranks>[0-9,\[\]-]+): (?P<what>.+)$"
)
# Printed by the shell of `on_nodes`, which then kills the rank's engine:
# Slurm itself reports only that signal.
_GUARDED = re.compile(r"^hpcpy: rank (?P<ranks>\d+) on (?P<node>\S+): (?P<what>exit code \d+)$")
_SCHEDULER = re.compile(
    r"^(?:srun|salloc|sbcast|slurmstepd|slurmd|hpcpy)[^:]*: (?:error: |fatal: )?(?P<what>.+)$"
)
# Slurm's own lines, and those of the shell that starts a rank: a rank prints what it likes.
_NO_RANKS = re.compile(r"^(?:s(?:run|alloc|batch|bcast|info|control)\b|slurm)|^\S+: .*\bexec: ")
_ENDED_BY_OTHERS = re.compile(r"Terminated|Killed by|Exited with exit code 143")
# What srun and salloc print of a job whatever comes of it.
_GREETING = re.compile(r"^s(?:run|alloc): (?!error: |fatal: )")
# When the controller ends a job.  Where --kill-on-bad-exit does, a rank's death comes before it.
_CANCELLED = re.compile(r"^slurmstepd\S* error: \*\*\* (?:JOB|STEP) .* CANCELLED AT ")
_ENDED = re.compile(r"^srun: Force Terminated (?:Job|Step)")
_TRACEBACK = "Traceback (most recent call last):"
# At its line's start, behind the bars of an exception group: a name, and what it says.
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_BARS = re.compile(r"^ *[|+] ")
_ABORT = "application called MPI_Abort("
# Slurm ends all ranks of a job that aborts by SIGKILL: only this line has the rank and its code.
_ABORTED = re.compile(
    rf"^Abort\((?P<code>\d+)\) on node \d+ \(rank (?P<rank>\d+) .*{re.escape(_ABORT)}"
)
_SILENT = "no Slurm controller answers"
_NO_MPI = "Slurm has no such kind of MPI"
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
    (re.compile(r"Job has been cancelled"), "the job was cancelled while it waited"),
    (
        re.compile(r"^sbcast: error: .*\((\S+)\): (.+)"),
        r"no copy of the image on \1: \2; STAGE=1 copies to the site's node_local",
    ),
    (
        re.compile(r"(?:Unable to allocate resources|Job submit/allocate failed): (.+)"),
        r"Slurm gives no job: \1",
    ),
    (
        re.compile(r"[Ii]nvalid MPI|Couldn't find.*mpi|MPI: [Cc]annot"),
        f"{_NO_MPI}; srun --mpi=list names those it has: MPI=…",
    ),
    (
        re.compile(r"Unable to contact slurm controller|establish a configuration source"),
        f"{_SILENT}; `make cluster` starts one here, which SITE=local takes",
    ),
)


def explain(stderr: str, code: int) -> str:
    """Return in one line why a step failed, from what it left on stderr."""
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
    aborted = next(filter(None, map(_ABORTED.match, lines)), None)
    if aborted and all(re.search("Killed|Terminated", found["what"]) for _, found in deaths):
        words = _last_words(lines, len(lines), aborted["rank"])
        return f"rank {aborted['rank']}: exit code {aborted['code']}; last on stderr: {words}"
    if deaths:
        # The first rank that --kill-on-bad-exit did not end, as it may have ended the others.
        own = [one for one in deaths if not _ENDED_BY_OTHERS.search(one[1]["what"])]
        before = lines[: own[0][0]] if own else []
        if any(map(_CANCELLED.match, before)) or (not own and any(map(_ENDED.match, lines))):
            return "the job was cancelled"
        at, first = (own or deaths)[0]
        words = _last_words(lines, at, first["ranks"])
        which = "rank" if first["ranks"].isdigit() else "ranks"
        where = f"{which} {first['ranks'].strip('[]')} on {first['node']}"
        return f"{where}: {first['what']}" + (f"; last on stderr: {words}" if words else "")
    lines = [line for line in lines if not _GREETING.match(line)] or lines
    words = next((f["what"] for line in reversed(lines) if (f := _SCHEDULER.match(line))), "")
    return words or _exception(lines) or (lines[-1].strip() if lines else f"exit code {code}")


def exit_code_of(line: str, code: int) -> int:
    """Return the exit code of the rank that an explanation names, else `code`.

    srun returns the highest code of all ranks, often the 143 of a rank that it has ended
    itself.  Without a controller it returns 1, and this 69 (`UnavailableError`); for an
    unknown kind of MPI 2 (`UsageError`).
    """
    for words, error in ((_SILENT, UnavailableError), (_NO_MPI, UsageError)):
        if line.startswith(words):
            return error.exit_code
    found = re.match(r"ranks? [0-9,-]+(?: on [^:]+)?: (?:Exited with )?exit code (\d+)\b", line)
    return int(found[1]) if found else code


def _last_words(lines: list[str], at: int, ranks: str) -> str:
    """Return the last line before a rank's end that names it, else the exception, else any."""
    of_ranks = [line for line in lines[:at] if not _SCHEDULER.match(line)] or [
        line for line in lines if not _SCHEDULER.match(line)
    ]
    if exception := _exception(of_ranks):
        of_ranks = [line for line in of_ranks if _ABORT not in line]
    named = re.compile(rf"\brank {re.escape(ranks)}\b")
    # What is indented is a traceback's source line, as a rule.
    naming = [line for line in of_ranks if named.search(line) and not line.startswith(" ")]
    aborts = [line for line in of_ranks if line.startswith("Abort(")]
    words = (*naming[-1:], exception, *aborts[-1:], *of_ranks[-1:])
    return next(filter(None, words), "")


def _exception(lines: list[str]) -> str:
    """Return the last traceback's line with the exception, whose message may have more lines."""
    found = ""
    is_inside = False
    for line in lines:
        text = _BARS.sub("", line)
        if text.endswith(_TRACEBACK):
            is_inside = True
        elif is_inside and _EXCEPTION.match(text):
            found, is_inside = text, False
    return found
