"""Explain in one line why a step failed, from its stderr; the exit code is srun's."""

from __future__ import annotations

import re

# What srun, the shell of `on_nodes` and Slurm's daemons print: it follows from a rank's death.
_NO_CAUSE = re.compile(
    r"preflight: warning: |INFO: {4}|(?:srun|salloc|sbcast|slurmstepd|slurmd|hpcpy)[^:]*: ."
)
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
NO_FUSE = (
    "an administrator types: modprobe fuse && chmod 666 /dev/fuse;"
    " until then you: export APPTAINER_UNSQUASH=1"
)
# What outranks all that ranks say, as theirs have not begun: the first line of the first
# pattern, wherever it stands, since lines of several nodes come in any order.
_FUSE = re.compile(rf"{_ENGINE}.*(?:/dev/fuse|fuse: device not found)")
_NO_START = (_FUSE, re.compile(rf"{_ENGINE}.*{_KERNEL}"))
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
    """Return the line that says why some ranks have died, of which line `at` tells."""
    # A container that did not start comes first; then the last line before their end that names
    # them, the exception, an engine's other errors, a full disk, and the last line of all.
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
    """Return whether a rank has only met the end of another one, which srun may print later."""
    names_itself = lines[at].startswith("hpcpy: ")
    return names_itself and exception(lines[:at]).startswith(_OF_MPI)


def exception(lines: list[str]) -> str:
    """Return the last traceback's line with the exception, whose message may have more lines."""
    raised = ""
    is_inside = False
    for line in lines:
        text = _BARS.sub("", line)
        if text.endswith(_TRACEBACK):
            is_inside = True
        elif is_inside and _EXCEPTION.match(text):
            raised, is_inside = text, False
    return raised


_TASK = re.compile(r"^srun: error: (?P<node>[^:\s]+): tasks? (?P<ranks>[0-9,\[\]-]+): (?P<how>.+)$")
# Printed by the shell of `on_nodes`, which then kills the rank's engine, and by a rank that
# ends all others: Slurm itself reports only that signal.
_GUARDED = re.compile(r"^hpcpy: rank (?P<ranks>\d+) on (?P<node>\S+): (?P<how>exit code \d+)$")
# Slurm's own lines, and those of the shells that stage the image and start a rank: a rank
# prints what it likes.
_NO_RANKS = re.compile(
    r"^(?:\S*/)?(?:s(?:run|alloc|batch|bcast|info|control)\b|slurm)|^\S+: .*\bexec: "
    r"|^hpcpy: (?:\S+: no copy of the image |setup of )"
)
# How a rank ends that Slurm has ended: at its SIGTERM, before which comes SIGCONT, or later.
_AT_SIGTERM = ("Terminated", "Exited with exit code 143", "Exited with exit code 146")
_STOPPED = ("Terminated", "exit code 143", "exit code 146")
_BY_SLURM = (*_AT_SIGTERM, "Killed")
# When the controller ends a job.  Where --kill-on-bad-exit does, a rank's death comes before it.
_CANCELLED = re.compile(r"slurmstepd\S* error: \*\*\* (?:JOB|STEP) .* CANCELLED AT ")
# Slurm ends all ranks of a job that aborts by SIGKILL: only this line of MPICH has the rank,
# after "node", and its code; that of an MPI error is no exit code.
_ABORTED = re.compile(
    r"Abort\((?P<code>-?\d+)\) on node (?P<rank>\d+)\b.*?: (?P<call>application called)?"
)
# What Slurm refuses: a job, or a step of it; an option of either.
_NO_JOB = r"(?:allocate resources|allocate failed|step for job \d+): (?!Job/step already)(.+)"
_OPTION = r"^\S*s(?:alloc|run): (?:error: )?(Invalid .+|(?:unrecognized |invalid )?option .+)"
# A line of Slurm's, or of a job's shell, and why the job ends.
_DOWN = "sinfo --Node --states=down names it"
_KNOWN = (
    ("DUE TO TIME LIMIT", "the job's time is over; ask for more: TIME=HH:MM:SS"),
    (r"Node failure on (\S+)", r"node \1 has failed"),
    ("DUE TO NODE FAILURE", f"a node of the job has failed; {_DOWN}"),
    (
        "Timed out waiting for job step to complete",
        f"ranks of a node did not end, which may have failed; {_DOWN}",
    ),
    (r"^salloc: Job allocation \d+ has been revoked", "the job was cancelled"),
    (r"^srun: Job allocation \d+ has been revoked", "the job was cancelled while it waited"),
    (r"(?:execve\(\)|exec): (\S+): (?:No such file|not found)", r"a node has no program \1"),
    (r"execve\(\): (\S+): (Exec format error|Permission denied)", r"a node cannot run \1: \2"),
    (
        r"^srun: error: task (\d+) launch failed: (.+)",
        r"Slurm could not start rank \1: \2; slurmd's log on its node has more",
    ),
    ("Job has been cancelled", "the job was cancelled while it waited"),
    ("^srun: sending Ctrl-C to ", "stopped by Ctrl-C"),
    ("^srun: forcing job termination", "stopped by SIGTERM, SIGHUP, or a second Ctrl-C"),
    (
        r"^hpcpy: (\S+): (no copy of the image in \S+: .+)",
        r"\1: \2; node_local in the site file names another disk",
    ),
    (
        r"^sbcast: error: .*\((\S+)\): (.+)",
        r"no copy of the image on \1: \2; STAGE=1 copies to the site's node_local",
    ),
    (r"^hpcpy: (setup of .+ failed: .+)", r"\1"),
    (
        "[Ii]nvalid MPI|Couldn't find.*mpi|MPI: [Cc]annot",
        "Slurm has no such kind of MPI; srun --mpi=list names those it has: MPI=…",
    ),
    (_NO_JOB, r"Slurm gives no job: \1"),
    (_OPTION, r"Slurm refuses an option: \1"),
    (
        "Unable to contact slurm controller|establish a configuration source",
        "no Slurm controller answers; use a login node, or a checkout's `make cluster`",
    ),
)
# When salloc's shell has ended: the job that it then revokes was not cancelled.
_GIVEN_BACK = "salloc: Relinquishing job allocation "
# What else is no remark: Slurm has failed.
_FAILED = re.compile(r"^s(?:run|alloc|bcast): (?:error|fatal): (?P<what>.+)$")


def explain(stderr: str) -> str:
    """Return why a step failed, in one line; nothing if it did not, or its last line says so."""
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", stderr) if line.strip()]
    line = _known(lines) or _ranks_end(lines)
    if not line:
        failures = [match["what"] for match in map(_FAILED.match, lines) if match]
        line = failures[-1] if failures else ""
    return "" if line in "".join(lines[-1:]) else line


def _known(lines: list[str]) -> str:
    end = next((n for n, line in enumerate(lines) if line.startswith(_GIVEN_BACK)), len(lines))
    of_slurm = [line for n, line in enumerate(lines) if n < end or not line.startswith("salloc: ")]
    of_slurm = list(filter(_NO_RANKS.match, of_slurm))
    matches = ((re.search(row[0], line), row[1]) for row in _KNOWN for line in of_slurm)
    return next((match.expand(meaning) for match, meaning in matches if match), "")


_Death = tuple[int, re.Match[str]]


def _ranks_end(lines: list[str]) -> str:
    """Explain by what srun and the shells of `on_nodes` print when ranks end."""
    deaths = [
        (number, match)
        for number, line in enumerate(lines)
        if (match := _TASK.match(line) or _GUARDED.match(line))
    ]
    if aborted := _aborted(lines, deaths):
        return aborted
    end = next((n for n, line in enumerate(lines) if _CANCELLED.match(line)), None)
    if not deaths and end is None:
        return ""
    first = [death for death in deaths if end is None or death[0] < end]
    if first:
        # The first rank that --kill-on-bad-exit did not end, as it may have ended the others.
        own = [death for death in first if death[1]["how"] not in _AT_SIGTERM]
        if own and follows_from_another(lines, own[0][0]):
            own = [death for death in own if not follows_from_another(lines, death[0])] or own
    else:
        # Open MPI says nothing when a rank aborts: Slurm ends the step, and not the job.
        own = first = [death for death in deaths if death[1]["how"] not in _BY_SLURM]
    if not first:
        return "a rank has called MPI_Abort, or the job was cancelled"
    line = _death(lines, *(own or first)[0])
    # At scancel, too, ranks end so, and may tell it before Slurm does.
    may_be_cut = end is not None and all(match["how"].endswith(_STOPPED) for _, match in first)
    return f"{line}; the job may have been cancelled" if may_be_cut else line


def _aborted(lines: list[str], deaths: list[_Death]) -> str:
    """Explain a call of MPI_Abort, or an MPI error, unless a rank has died by itself before."""
    matches = ((n, f) for n, line in enumerate(lines) if (f := _ABORTED.match(line)))
    number, aborted = next(matches, (0, None))
    own = [death for death in deaths if death[1]["how"] not in _BY_SLURM]
    if aborted is None or any(at < number or not aborted["call"] for at, _ in own):
        return ""
    for at, match in own:
        if match["ranks"] == aborted["rank"]:
            return _death(lines, at, match)
    # What the kernel keeps of it; 256 is a failure, too.
    code = int(aborted["code"]) & 0xFF or 1 if aborted["call"] else 1
    words = last_words(lines, len(lines), aborted["rank"])
    return f"rank {aborted['rank']}: exit code {code}; last on stderr: {words}"


def _death(lines: list[str], at: int, match: re.Match[str]) -> str:
    ranks, how = match["ranks"], match["how"]
    which = "rank" if ranks.isdigit() else "ranks"
    line = f"{which} {ranks.strip('[]')} on {match['node']}: {how}"
    if how == "Out Of Memory":
        line += "; ask for more: MEM=8G"
    if words := last_words(lines, at, ranks):
        line += f"; last on stderr: {words}"
    if _first((_FUSE,), lines):
        line += f"; {NO_FUSE}"
    return line
