"""``python -m workloads startup``: from a bare interpreter to the image's core, or yours."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hpcpy_common import options, ranks
from hpcpy_common.errors import UsageError, require_module
from workloads.bench.workload import Outcome, Workload
from workloads.startup.overview import Overview
from workloads.startup.registry import FASTEST, TECHNIQUES
from workloads.startup.techniques import run

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.workload import Trial


@dataclass(frozen=True)
class Invocation:
    """One way to call the interpreter: its name for tables, what follows, modules it needs."""

    name: str
    arguments: Sequence[str]
    needs: Sequence[str] = ()
    task: ClassVar[str] = "startup"
    title: ClassVar[str] = "startup"

    @property
    def command(self) -> list[str]:
        """What is started: this interpreter."""
        return [sys.executable, *self.arguments]

    def require(self, wanted_by: str = "") -> None:
        """Raise an UnavailableError unless its modules are there."""
        for name in self.needs:
            # Only the top package: to find a submodule would import its parents.
            top = name.partition(".")[0]
            # A program's own folder is left out of this process's sys.path.
            if PathFinder.find_spec(top, [os.curdir]) is None:
                require_module(top, wanted_by)

    def parameters(self) -> Mapping[str, object]:
        return {"command": self.command}

    def prepare(self, _: Sequence[str]) -> None:
        pass

    def remarks(self, _: Sequence[Result]) -> list[str]:
        return []  # the overview has all lines


@dataclass(frozen=True)
class Attempt:
    """One way to look at one start."""

    case: Invocation
    trial: Trial

    def warm_up(self) -> None:
        """Start it once, so that its files are in memory and its cache folders exist."""
        run(self.case.command)

    def once(self) -> Outcome:
        """Start it and look."""
        details = self.trial.compute(self.case, self.trial)
        starts, verdict = details.get("starts", 1), "ended with 0"
        return Outcome(self.trial.seconds, starts, "exit code 0", True, verdict, details=details)


def _module_names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise argparse.ArgumentTypeError(f"{name!r} is no module's name")
    return names


def add_program(group: argparse._ArgumentGroup) -> None:
    """Add the options that name a program of the user's."""
    group.add_argument("--import", dest="modules", type=_module_names, metavar="NAME[,NAME…]",
                       help="a program that imports these")  # fmt: skip
    group.add_argument("script", nargs="*", metavar="-- SCRIPT [ARGUMENT …]",
                       help="a program of yours; its output is thrown away")  # fmt: skip


def programs(args: argparse.Namespace) -> list[Invocation]:
    """Return what those options name."""
    cases = []
    if names := args.modules:
        code = f"import {', '.join(names)}"
        cases.append(Invocation(f"import {','.join(names)}", ["-c", code], names))
    if args.script:
        if not Path(args.script[0]).is_file():
            raise UsageError(f"{args.script[0]}: there is no such script")
        cases.append(Invocation(Path(args.script[0]).name, args.script))
    return cases


# The same imports as in `benchmarks/startup.py`, so that figures can be compared.
_CORE = ("numpy", "numba", "mpi4py", "h5py", "viztracer")
_IMPORT_CORE = f"import {', '.join(_CORE)}"
# MPI's library is loaded, but MPI not started: MPI_Init would look for a launcher.
_MPI = f"{_IMPORT_CORE}; mpi4py.rc.initialize = False; import mpi4py.MPI"
CASES = {
    case.name: case
    for case in (
        Invocation("pass", ["-c", "pass"]),
        Invocation("numpy", ["-c", "import numpy"], ["numpy"]),
        Invocation("core", ["-c", _IMPORT_CORE], _CORE),
        Invocation("core+MPI", ["-c", _MPI], _CORE),
    )
}


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument("--case", type=options.names(*CASES), default=[], metavar="NAME[,NAME…]",
                      help=f"{', '.join(CASES)} (default: all that are here)")  # fmt: skip
    add_program(what)


def _problems(args: argparse.Namespace) -> list[Invocation]:
    asked = [*map(CASES.__getitem__, args.case), *programs(args)]
    for case in asked:
        case.require(f"{case.name}: ")
    if asked:
        return asked
    absent = {name for name in _CORE if importlib.util.find_spec(name) is None}
    for case in CASES.values():
        if (lacks := absent.intersection(case.needs)) and ranks.is_first():
            line = f"startup: {case.name} is left out, without {', '.join(sorted(lacks))}"
            print(f"workloads: {line}", file=sys.stderr)
    return [case for case in CASES.values() if not absent.intersection(case.needs)]


WORKLOAD = Workload(
    name="startup",
    description="What starting this Python costs here: time, each import's part of it, system "
    "calls by kind, files opened, bytes read.",
    title="Starts of Python",
    rate="starts a second",
    unit="starts/s",
    techniques=TECHNIQUES,
    fastest=FASTEST,
    add_options=_add_options,
    attempt=Attempt,
    problems=_problems,
    baseline="spawn",
    overview=Overview(),
    request="all",
)
