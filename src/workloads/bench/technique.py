"""What a technique is, whether it can run here, and which ones to run."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workloads.errors import UnavailableError, UsageError
from workloads.parallel import ranks

# What to say where a kernel is absent: the image's build compiles them.
COMPILED = "compiled kernel absent: run inside the image"
IN_SPARK = "Spark is not in this image: run it in hpcpy-spark"


@dataclass(frozen=True)
class Technique:
    """One way to compute a workload's answer."""

    where: str  # module:function, imported when it runs, not before
    summary: str  # one line for --list
    needs: tuple[str, ...] = ()  # modules that must be there
    absent: str = ""  # what to say when one is not, by default which one
    # What --workers counts.
    parallel: Literal["no", "threads", "processes", "ranks", "device"] = "no"
    # Its efficiency refers to a core of the first of these that has run.
    one_core: tuple[str, ...] = ()
    slow: bool = False  # does only a sample of the work, unless --full asks for all
    # A further check, cheap and without imports: why it cannot run here, or an empty string.
    obstacle: Callable[[], str] = str
    problems: tuple[str, ...] = ()  # tasks it is for; by default all that no technique names
    waits: bool = False  # its workers wait, and gain more than the cores can give

    @property
    def module(self) -> str:
        """The name of the module with its function."""
        return self.where.partition(":")[0]

    @property
    def has_workers(self) -> bool:
        """Whether there may be more or fewer of its workers."""
        return self.parallel in ("threads", "processes", "ranks")

    def load(self) -> Callable[..., Any]:
        """Import its module and return its function."""
        module, _, name = self.where.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function

    def why_not(self) -> str:
        """Return why it cannot run here, or an empty string."""
        # The obstacle first: without a GPU no package is of any help.
        if reason := self.obstacle():
            return reason
        absent = next((module for module in self.needs if not _is_there(module)), "")
        return (self.absent or f"Python has no module {absent!r} here") if absent else ""

    def why_not_in_all(self) -> str:
        """Return why it cannot run here or would show nothing, or an empty string."""
        if not (reason := self.why_not()) and self.parallel == "ranks" and ranks.expected() == 1:
            return "one rank: start it with mpiexec -n N or srun -n N"
        return reason


def _is_there(module: str) -> bool:
    # find_spec imports the parents alone, never the module itself.
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


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
        found = [name for name in tried if not reasons[name]]
        if not found:
            distinct = {*reasons.values()}
            why = f": {distinct.pop()}" if len(distinct) == 1 else "; --list tells why"
            raise UnavailableError(f"no technique can run here{why}")
        if request == "auto":
            return found[:1], {}
        return found, {name: reason for name, reason in reasons.items() if reason}
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
