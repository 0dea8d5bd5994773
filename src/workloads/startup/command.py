"""``python -m workloads startup``: its options, and the starts that they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workloads.bench import command
from workloads.bench.workload import Outcome, Workload
from workloads.errors import UnavailableError
from workloads.startup.cases import CASES, Invocation, add_program, programs
from workloads.startup.overview import Overview
from workloads.startup.registry import FASTEST, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.run import Trial


@dataclass(frozen=True)
class Start:
    """A start of this interpreter."""

    case: Invocation
    task: ClassVar[str] = "startup"
    title: ClassVar[str] = "startup"

    @property
    def name(self) -> str:
        """The case's."""
        return self.case.name

    def parameters(self) -> Mapping[str, object]:
        """Return what is started."""
        return {"command": self.case.command}

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse nothing."""
        return ""

    def attempt(self, trial: Trial) -> Attempt:
        """Return what a technique does."""
        return Attempt(self.case, trial)

    def finish(self, result: Result) -> None:
        """Record that all of the work was done."""
        result.total = result.work

    def remarks(self, _: Sequence[Result]) -> list[str]:
        """Return nothing: the overview has all lines."""
        return []


@dataclass(frozen=True)
class Attempt:
    """One way to look at one start."""

    case: Invocation
    trial: Trial

    def warm_up(self) -> None:
        """Start it once, so that its files are in memory and its cache folders exist."""
        from workloads.startup.techniques import run  # noqa: PLC0415

        run(self.case.command)

    def once(self) -> Outcome:
        """Start it and look."""
        details = self.trial.compute(self.case, self.trial)
        starts, verdict = details.get("starts", 1), "ended with 0"
        return Outcome(self.trial.seconds, starts, "exit code 0", True, verdict, details=details)


def _cases(text: str) -> list[Invocation]:
    names = list(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in CASES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(CASES)}")
    return [CASES[name] for name in names]


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument("--case", type=_cases, default=[], metavar="NAME[,NAME…]",
                      help=f"{', '.join(CASES)} (default: all that are here)")  # fmt: skip
    add_program(what)


def _problems(args: argparse.Namespace) -> list[Start]:
    asked = [*args.case, *programs(args)]
    for case in asked:
        if module := case.absent():
            raise UnavailableError(f"{case.name}: Python has no module {module!r} here")
    return [*map(Start, asked or [case for case in CASES.values() if not case.absent()])]


STARTUP = Workload(
    name="startup",
    description="What starting this Python costs here: time, each import's part of it, system "
    "calls by kind, files opened, bytes read.",
    title="Starts of Python",
    rate="starts a second",
    unit="starts/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    problems=_problems,
    baseline="spawn",
    overview=Overview(),
    request="all",
)


def main(arguments: list[str]) -> int:
    """Run the workload's command line: see `workloads.bench.command.main`."""
    return command.main(STARTUP, arguments)
