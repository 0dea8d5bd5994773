"""The words on stderr that say why a rank has died: causes before what follows from them."""

from __future__ import annotations

import re

# What srun, the shell of `on_nodes` and Slurm's daemons print: it follows from a rank's death.
SCHEDULER = re.compile(
    r"^(?:srun|salloc|sbcast|slurmstepd|slurmd|hpcpy)[^:]*: (?:error: |fatal: )?(?P<what>.+)$"
)
_NO_CAUSE = re.compile(rf"preflight: warning: |{SCHEDULER.pattern}")
# Apptainer's own errors, but that the node's first container has gone, and podman's.  Python's
# logging has no blanks behind "ERROR:".
_ENGINE = (
    r"(?:(?:FATAL|ERROR):   (?!first process with --sharens|container cleanup)"
    r"|source: read /\.singularity\.d/|Error: .*\b(?:container|crun|runc|OCI)\b)"
)
_KERNEL = (
    r"(?i:no space left on device|disk quota exceeded|read-only file system|input/output error"
    r"|cannot allocate memory|resource temporarily unavailable|too many open files"
    r"|stale file handle|permission denied|operation not permitted)"
)
# What outranks all that ranks say, as theirs have not begun: the first line of the first
# pattern, wherever it stands, since lines of several nodes come in any order.
_NO_START = (re.compile(rf"{_ENGINE}.*/dev/fuse"), re.compile(rf"{_ENGINE}.*{_KERNEL}"))
# What explains more than the last line does.
_OTHERS = (re.compile(_ENGINE), re.compile(r".*(?i:no space left on device|disk quota exceeded)"))
_TRACEBACK = "Traceback (most recent call last):"
# At its line's start, behind the bars of an exception group: a name, and what it says.
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_BARS = re.compile(r"^ *[|+] ")
# What a rank raises also when another one has died, which srun tells of.
_OF_MPI = "mpi4py.MPI.Exception: "
_ABORT = "application called MPI_Abort("


def last_words(lines: list[str], at: int, ranks: str) -> str:
    """Return the line that says why some ranks have died, of which line `at` tells.

    A container that did not start comes first; then the last line before their end that names
    them, the exception, an engine's other errors, a full disk, and the last line of all.
    """
    if cause := _first(_NO_START, lines):
        return cause
    of_ranks = [line for line in lines[:at] if not _NO_CAUSE.match(line)] or [
        line for line in lines if not _NO_CAUSE.match(line)
    ]
    if raised := exception(of_ranks):
        of_ranks = [line for line in of_ranks if _ABORT not in line]
    if raised.startswith(_OF_MPI) and "".join(lines[at : at + 1]).startswith("srun: "):
        return ""
    named = re.compile(rf"\brank {re.escape(ranks)}\b")
    # What is indented is a traceback's source line, as a rule.
    naming = [line for line in of_ranks if named.search(line) and not line.startswith(" ")]
    aborts = [line for line in of_ranks if line.startswith("Abort(")]
    other = _first(_OTHERS, lines)
    words = (*naming[-1:], raised, *aborts[-1:], other, *of_ranks[-1:])
    return next(filter(None, words), "")


def _first(patterns: tuple[re.Pattern[str], ...], lines: list[str]) -> str:
    matching = (line for pattern in patterns for line in lines if pattern.match(line))
    return " ".join(next(matching, "").split())


def follows_from_another(lines: list[str], at: int) -> bool:
    """Return whether a rank that names itself has only met the end of another one.

    MPI raises an error for a dead neighbour, often before srun prints that this has died.
    """
    names_itself = lines[at].startswith("hpcpy: ")
    return names_itself and exception(lines[:at]).startswith(_OF_MPI)


def exception(lines: list[str]) -> str:
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
