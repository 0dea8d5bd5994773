"""``python -m workloads startup``: its options, and the starts that they ask for."""

from __future__ import annotations

import argparse

from workloads.bench import command
from workloads.bench.workload import Workload
from workloads.errors import UnavailableError
from workloads.startup.cases import CASES, Invocation, module_names, of_modules, of_script
from workloads.startup.overview import Overview
from workloads.startup.problem import Start
from workloads.startup.registry import FASTEST, TECHNIQUES


def _cases(text: str) -> list[Invocation]:
    names = list(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in CASES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(CASES)}")
    return [CASES[name] for name in names]


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument(
        "--case",
        type=_cases,
        metavar="NAME[,NAME…]",
        help=f"{', '.join(CASES)} (default: all that can be started here)",
    )
    what.add_argument(
        "--import",
        dest="modules",
        type=module_names,
        metavar="NAME[,NAME…]",
        help="a program that imports these",
    )
    what.add_argument(
        "script",
        nargs="*",
        metavar="-- SCRIPT [ARGUMENT …]",
        help="a program of yours; its output is thrown away",
    )


def _problems(args: argparse.Namespace) -> list[Start]:
    asked: list[Invocation] = [*(args.case or ())]
    if args.modules:
        asked.append(of_modules(args.modules))
    if args.script:
        asked.append(of_script(args.script))
    if not asked:
        return _all_here()
    for case in asked:
        if case.absent():
            raise UnavailableError(
                f"{case.name} cannot be started here: Python has no module {case.absent()!r}"
            )
    return [Start(case) for case in asked]


def _all_here() -> list[Start]:
    absent = {name: case.absent() for name, case in CASES.items()}
    note = "\n".join(
        f"{name}: left out: Python has no module {module!r} here"
        for name, module in absent.items()
        if module
    )
    here = [case for name, case in CASES.items() if not absent[name]]
    return [Start(case, note if case is here[0] else "") for case in here]


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
