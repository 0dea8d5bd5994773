"""Which techniques run: those that are named, the fastest one here, or all that can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpcpy_common.errors import UnavailableError, UsageError
from workloads.bench.workload import Technique


def listing(techniques: Mapping[str, Technique]) -> str:
    """Return a line per technique, with the reason where it cannot run here or shows nothing."""
    width = max(map(len, techniques))
    lines = []
    for name, technique in techniques.items():
        what = f"{', '.join(technique.problems)}: " if technique.problems else ""
        reason = technique.why_not()
        note = f"cannot run here: {reason}" if reason else technique.why_not_in_all()
        lines.append(f"{name:{width}}  {what}{technique.summary}" + (f" [{note}]" if note else ""))
    return "\n".join(lines)


def select(
    request: str, techniques: Mapping[str, Technique], fastest: Sequence[str], task: str = ""
) -> tuple[list[str], dict[str, str]]:
    """Choose what to run for a task: names, ``all``, or ``auto``, the first of `fastest`.

    Return the names, and for ``all`` the others with the reason. A UsageError is raised for an
    unknown name or another task's, an UnavailableError where one or all cannot run here.
    """
    is_named = any(task in technique.problems for technique in techniques.values())
    own = [
        name
        for name, technique in techniques.items()
        if (task in technique.problems if is_named else not technique.problems)
    ]
    if request in ("all", "auto"):
        tried = own if request == "all" else [name for name in fastest if name in own]
        reasons = {name: techniques[name].why_not_in_all() for name in tried}
        able = [name for name in tried if not reasons[name]]
        if not able:
            distinct = {*reasons.values()}
            why = f": {distinct.pop()}" if len(distinct) == 1 else "; --list tells why"
            raise UnavailableError(f"no technique can run here{why}")
        if request == "auto":
            return able[:1], {}
        return able, {name: reason for name, reason in reasons.items() if reason}
    asked = list(dict.fromkeys(request.split(",")))
    for name in asked:
        if name not in techniques:
            raise UsageError(
                f"unknown technique {name!r}", hint=f"one of: all, auto, {', '.join(techniques)}"
            )
    names = [name for name in asked if name in own]
    if not names:
        raise UsageError(f"--impl {request}: is not for {task}", hint=f"one of: {', '.join(own)}")
    for name in names:
        if reason := techniques[name].why_not():
            raise UnavailableError(f"{name} cannot run here: {reason}")
    return names, {}
