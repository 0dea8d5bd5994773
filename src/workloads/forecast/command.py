"""``python -m workloads forecast``: what a start of yours would take on many ranks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workloads.bench import machine, options
from workloads.errors import UnavailableError, UsageError
from workloads.forecast import count, probe, report
from workloads.parallel import ranks
from workloads.startup.cases import Invocation, module_names, of_modules, of_script

_OPERATIONS, _MEGABYTES, _SECONDS, _IMAGE = 2000, 64, 10, 500
_MOST_OPERATIONS, _MOST_MEGABYTES, _MOST_SECONDS = 100_000, 16_384, 600
_EPILOG = f"""\
The program is run {count.RUNS} times: give one that ends when it has started.
The probe makes a folder, does at most --operations calls with a path and writes
--size MB once in it, begins nothing after --seconds, and removes it, also when it
is stopped. All times of many ranks are the model's: docs/import-at-scale.md.
Exit code 0: done; 1: the program fails; 2: wrong usage; 69: no ptrace here, or no
matplotlib; 73: the folder is full or cannot be written to; 130: stopped."""


def main(arguments: list[str]) -> int:
    """Count, probe and report; or compare the model with measurements; or draw a report.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    WorkloadError
        For wrong usage, a program that fails, or when something cannot run or be written.
    """
    args = options.parse(_parser(), arguments)
    _check(args)
    if not ranks.is_first():
        return 0
    with options.tables_beside(args):
        if args.report is not None:
            made = report.read(args.report)
        elif args.validate:
            made = report.validated(args.validate, arguments)
        else:
            made = report.forecast(_case(args), args, arguments)
        if args.report is None:
            print(report.text(made), flush=True)
    report.write(made, args.json, args.plot)
    return 0


def _check(args: argparse.Namespace) -> None:
    sources = [args.report, args.validate, args.modules, args.script]
    given = sum(source not in (None, []) for source in sources)
    if given != 1:
        raise UsageError(
            "one thing at a time: a program, --import, --validate or --from"
            if given
            else "what is to be started?",
            hint="" if given else "give -- SCRIPT, or --import NAME",
        )
    options.check_files(args)
    if args.probe is not None and not args.probe.is_dir():
        raise UsageError(f"--probe {args.probe}: there is no such folder")


def _case(args: argparse.Namespace) -> Invocation:
    case = of_modules(args.modules) if args.modules else of_script(args.script)
    if case.absent():
        raise UnavailableError(f"Python has no module {case.absent()!r} here")
    return case


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads forecast",
        description="How long the last of many ranks would wait for a program's start: "
        "counted here, probed on your file system, the rest by a model.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what is started")
    what.add_argument("--import", dest="modules", type=module_names, metavar="NAME[,NAME…]",
                      help="a program that imports these")  # fmt: skip
    what.add_argument("script", nargs="*", metavar="-- SCRIPT [ARGUMENT …]",
                      help="a program of yours; its output is thrown away")  # fmt: skip
    _add_probe(parser.add_argument_group("the file system"))
    how = parser.add_argument_group("the job, and the report")
    how.add_argument("--ranks-per-node", type=options.count, default=machine.cores(), metavar="N",
                     help="default: the cores of this node, %(default)s")  # fmt: skip
    how.add_argument("--image", type=options.count, default=_IMAGE, metavar="MB",
                     help="the size of an image that is staged (default %(default)s)")  # fmt: skip
    how.add_argument("--json", type=Path, metavar="FILE",
                     help="write all of it as JSON; - is standard output")  # fmt: skip
    how.add_argument("--plot", type=Path, metavar="FILE", help="draw it (png, pdf, svg)")
    how.add_argument("--from", dest="report", type=Path, metavar="FILE",
                     help="run nothing: draw by --plot what --json has written")  # fmt: skip
    how.add_argument("--validate", type=Path, nargs="+", metavar="FILE",
                     help="hold the model against measurements: a report of make storm, "
                     "nih_import_storm.csv")  # fmt: skip
    return parser


def _add_probe(group: argparse._ArgumentGroup) -> None:
    def add(option: str, metavar: str, text: str, **more: Any) -> None:
        group.add_argument(option, metavar=metavar, help=text, **more)

    add("--probe", "FOLDER", "one of its folders (default: the program's, or this)", type=Path)
    whole = options.whole
    add("--operations", "N", "at most so many calls with a path (default %(default)s)",
        type=whole(probe.LEAST_OPERATIONS, _MOST_OPERATIONS), default=_OPERATIONS)  # fmt: skip
    add("--size", "MB", "of the file that is written and read (default %(default)s)",
        type=whole(1, _MOST_MEGABYTES), default=_MEGABYTES)  # fmt: skip
    add("--seconds", "S", "begin nothing after these (default %(default)s)",
        type=whole(1, _MOST_SECONDS), default=_SECONDS)  # fmt: skip
    add("--server-rate", "N", "metadata operations a second that the server does for all nodes, "
        "which one node cannot find (default: what this node got)", type=options.count)  # fmt: skip
    add("--storage-rate", "MB", "MB a second to all nodes together (default: no limit)",
        type=options.count)  # fmt: skip
