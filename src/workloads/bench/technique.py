"""What a technique is, whether it can run here, and which ones to run."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workloads.errors import UnavailableError, UsageError
from workloads.parallel import ranks

# What to say where a kernel is absent: the image's build compiles them.
COMPILED = "compiled kernel absent: run inside the image"
IN_SPARK = "Spark is not in this image: run it in hpcpy-spark"

Parallel = Literal["no", "threads", "processes", "ranks", "device"]


def _nothing() -> str:
    return ""


@dataclass(frozen=True)
class Technique:
    """One way to compute a workload's answer.

    Parameters
    ----------
    where
        ``module:function``; imported when it runs, not before.
    summary
        One line for ``--list``.
    needs
        Modules that must be there.
    absent
        What to say when one is not; by default which one.
    parallel
        What ``--workers`` counts.
    one_core
        The techniques whose rate per core its efficiency is compared with;
        the first that has run counts.
    slow
        Whether it does only a sample of the work, unless ``--full`` asks for all.
    obstacle
        A further check, cheap and without imports. It returns why the
        technique cannot run here, or an empty string.
    problems
        Names of the problems it is for; by default all that no technique names.
    waits
        Whether its workers wait, and gain more than the cores can give.
    limit
        A function of its module: ``limit(work) -> seconds`` measures the least processor
        time that one core needs for so much work.
    """

    where: str
    summary: str
    needs: tuple[str, ...] = ()
    absent: str = ""
    parallel: Parallel = "no"
    one_core: tuple[str, ...] = ()
    slow: bool = False
    obstacle: Callable[[], str] = _nothing
    problems: tuple[str, ...] = ()
    waits: bool = False
    limit: str = ""

    @property
    def module(self) -> str:
        """The module with its function."""
        return self.where.partition(":")[0]

    def load(self) -> Callable[..., Any]:
        """Import its module and return its function."""
        function: Callable[..., Any]
        function = self._of_module(self.where.partition(":")[2] or "compute")
        return function

    def measure_limit(self, work: int) -> float:
        """Return the least processor seconds that one core needs for so much work."""
        return float(self._of_module(self.limit)(work))

    def _of_module(self, name: str) -> Any:
        return getattr(importlib.import_module(self.module), name)

    def why_not(self) -> str:
        """Return why it cannot run here, or an empty string."""
        # The obstacle first: without a GPU no package is of any help.
        return self.obstacle() or self._lacks()

    def _lacks(self) -> str:
        for module in self.needs:
            if not _there(module):
                return self.absent or f"Python has no module {module!r} here"
        return ""

    def advice(self) -> str:
        """Return why it can run here but would show nothing, or an empty string."""
        if self.parallel == "ranks" and ranks.expected() == 1:
            return "one rank: start it with mpiexec -n N or srun -n N"
        return ""


def _there(module: str) -> bool:
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
        note = f"cannot run here: {reason}" if reason else technique.advice()
        lines.append(f"{name:{width}}  {what}{technique.summary}" + (f" [{note}]" if note else ""))
    return "\n".join(lines)


def fitting(
    request: str, techniques: Mapping[str, Technique], problem: str
) -> tuple[str, dict[str, Technique]]:
    """Restrict a request and the registry to the techniques for one problem.

    Parameters
    ----------
    request
        As for `select`.
    techniques
        The registry.
    problem
        The problem's name.

    Returns
    -------
    tuple
        The request and the registry for this problem.

    Raises
    ------
    UsageError
        When all named techniques are for other problems.
    """
    named = any(problem in each.problems for each in techniques.values())
    wanted = {n: problem in t.problems if named else not t.problems for n, t in techniques.items()}
    own = {name: techniques[name] for name, fits in wanted.items() if fits}
    if request in ("all", "auto"):
        return request, own
    # Unknown names stay: `select` reports them.
    names = [n for n in request.split(",") if n in own or n not in techniques]
    if not names:
        raise UsageError(
            f"--impl {request}: is not for {problem}", hint=f"one of: {', '.join(own)}"
        )
    return ",".join(names), own


def select(
    request: str, techniques: Mapping[str, Technique], fastest: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Choose what to run.

    Parameters
    ----------
    request
        Names separated by commas, ``all`` or ``auto``.
    techniques
        The registry.
    fastest
        Names in the order in which ``auto`` tries them.

    Returns
    -------
    tuple
        The names to run, and for ``all`` the ones left out with the reason.

    Raises
    ------
    UsageError
        For a name that is not in the registry.
    UnavailableError
        When a named technique, or every one, cannot run here.
    """
    if request == "all":
        left_out = {n: t.why_not() or t.advice() for n, t in techniques.items()}
        found = [n for n in techniques if not left_out[n]]
        if not found:
            raise _none(left_out.values())
        return found, {n: r for n, r in left_out.items() if r}
    if request == "auto":
        reasons = []
        for name in fastest:
            reasons.append(techniques[name].why_not() or techniques[name].advice())
            if not reasons[-1]:
                return [name], {}
        raise _none(reasons)
    names = list(dict.fromkeys(request.split(",")))
    for name in names:
        if name not in techniques:
            raise UsageError(
                f"unknown technique {name!r}", hint=f"one of: all, auto, {', '.join(techniques)}"
            )
    for name in names:
        reason = techniques[name].why_not()
        if reason:
            raise UnavailableError(f"{name} cannot run here: {reason}")
    return names, {}


def _none(reasons: Iterable[str]) -> UnavailableError:
    """Return the error when nothing is left to run, with the reason if all have the same."""
    distinct = {*reasons}
    if len(distinct) == 1:
        return UnavailableError(f"no technique can run here: {distinct.pop()}")
    return UnavailableError("no technique can run here", hint="--list tells why")
