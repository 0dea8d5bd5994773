"""``python -m hpcpy_job forecast``: what a start of yours would take on many ranks."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy_common import files, machine, options, ranks
from hpcpy_common.errors import UsageError
from hpcpy_job.forecast import count, probe, report
from workloads.bench.options import check_files, tables_beside
from workloads.startup.command import add_program, programs

_EPILOG = f"""\
The program is run {count.RUNS} times: give one that ends when it has started.
The probe makes a folder, does at most --operations calls with a path and writes
--size MB once in it, begins nothing after --seconds, and removes it, also when it
is stopped. All times of many ranks are the model's, and none is measured.
Exit code 0: done; 1: the program fails; 2: wrong usage; 69: no strace here, or no
matplotlib; 73: the folder is full or cannot be written to; 130: stopped."""


def main(arguments: list[str]) -> int:
    """Count, probe and report."""
    args = _parser().parse_args(arguments)
    _check(args)
    if not ranks.is_first():
        return 0
    with tables_beside(args):
        (case,) = programs(args)
        case.require()
        forecast = report.forecast(case, args, arguments)
        print(report.text(forecast), flush=True)
    if args.json is not None:
        files.write_json(args.json, forecast)
    if args.plot is not None:
        report.draw(forecast, args.plot)
    return 0


def _check(args: argparse.Namespace) -> None:
    if not (args.modules or args.script):
        raise UsageError("what is to be started?", hint="give -- SCRIPT, or --import NAME")
    if args.modules and args.script:
        raise UsageError("one thing at a time: a program or --import")
    check_files(args)
    if args.probe is not None and not args.probe.is_dir():
        raise UsageError(f"--probe {args.probe}: there is no such folder")


def _parser() -> options.Parser:
    parser = options.module_parser(
        "hpcpy_job forecast",
        "How long the last of many ranks would wait for a program's start: counted here, probed "
        "on your file system, the rest by a model.",
        _EPILOG,
    )
    add_program(parser.add_argument_group("what is started"))
    _add_probe(parser.add_argument_group("the file system"))
    how = parser.add_argument_group("the job, and the report")
    how.add_argument("--ranks-per-node", type=options.count, default=machine.cores(), metavar="N",
                     help="default: the cores of this node, %(default)s")  # fmt: skip
    how.add_argument("--image", type=options.count, default=500, metavar="MB",
                     help="the size of an image that is staged (default %(default)s)")  # fmt: skip
    how.add_argument("--json", type=Path, metavar="FILE",
                     help="write all of it as JSON; - is standard output")  # fmt: skip
    how.add_argument("--plot", type=Path, metavar="FILE", help="draw it (png, pdf, svg)")
    return parser


def _add_probe(group: argparse._ArgumentGroup) -> None:
    operations = options.whole_number(probe.LEAST_OPERATIONS, 100_000)
    group.add_argument("--probe", type=Path, metavar="FOLDER",
                       help="one of its folders (default: the program's, or this)")  # fmt: skip
    group.add_argument("--operations", type=operations, default=2000, metavar="N",
                       help="at most so many calls with a path (default %(default)s)")  # fmt: skip
    group.add_argument("--size", type=options.whole_number(1, 16_384), default=64, metavar="MB",
                       help="of the file that is read (default %(default)s)")  # fmt: skip
    group.add_argument("--seconds", type=options.whole_number(1, 600), default=10, metavar="S",
                       help="begin nothing after these (default %(default)s)")  # fmt: skip
    group.add_argument("--server-rate", type=options.count, metavar="N",
                       help="metadata operations a second that the server does for all nodes, "
                       "which one node cannot find (default: what this node got)")  # fmt: skip
