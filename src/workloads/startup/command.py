"""``python -m workloads startup``: its options, and the starts that they ask for."""

from __future__ import annotations

import argparse

from workloads.bench import command
from workloads.bench.workload import Workload
from workloads.errors import UnavailableError
from workloads.startup.cases import CASES, Invocation, add_program, programs
from workloads.startup.overview import Overview
from workloads.startup.registry import FASTEST, TECHNIQUES


def _cases(text: str) -> list[Invocation]:
    names = list(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in CASES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(CASES)}")
    return [CASES[name] for name in names]


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument("--case", type=_cases, default=[], metavar="NAME[,NAME…]",
                      help=f"{', '.join(CASES)} (default: all that are here)")  # fmt: skip
    add_program(what)


def _problems(args: argparse.Namespace) -> list[Invocation]:
    asked = [*args.case, *programs(args)]
    for case in asked:
        if module := case.absent():
            raise UnavailableError(f"{case.name}: Python has no module {module!r} here")
    return asked or [case for case in CASES.values() if not case.absent()]


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
