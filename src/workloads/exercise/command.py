"""``python -m workloads exercise``: a file with a hole for a class, and what checks it."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from workloads.bench import files, options
from workloads.errors import EXIT_CODES, UsageError
from workloads.exercise import check
from workloads.exercise.registry import EXERCISES, Exercise, exercise
from workloads.parallel import ranks

_EPILOG = f"""\
exercise                             the exercises
exercise mandel-numba --to my.py     writes the file with the hole, the task in its comments
exercise mandel-numba --check my.py  runs it, and says right, or what is wrong first

{EXIT_CODES}
Here 1 is a wrong answer, an exception or none in time, 2 a file that Python cannot read
or that lacks the function."""


def main(arguments: list[str]) -> int:
    """List, write a file, or check one.

    Returns
    -------
    int
        0; of a check, it means a right answer.

    Raises
    ------
    WorkloadError
        For wrong usage, a wrong answer, or when something cannot run or be written.
    """
    args = options.parse(_parser(), arguments)
    if ranks.expected() > 1:
        raise UsageError("starts its ranks itself", hint="start it without mpiexec or srun")
    if args.name is None:
        if args.to or args.check:
            raise UsageError("which exercise?", hint=f"one of: {', '.join(EXERCISES)}")
        width = max(map(len, EXERCISES))
        print("\n".join(f"{name:{width}}  {each.summary}" for name, each in EXERCISES.items()))
        return 0
    chosen = exercise(args.name)
    if args.to and args.check:
        raise UsageError("--to and --check exclude each other")
    if args.to:
        _write(chosen, args.to)
    elif args.check:
        _check(args.name, chosen, args.check, args.seconds)
    else:
        print(f"{args.name}: {chosen.summary}\n--to FILE writes its file, --check FILE checks it")
    return 0


def _write(chosen: Exercise, path: Path) -> None:
    # Somebody's solution may be there.
    if not files.is_stdout(path):
        if path.exists():
            raise UsageError(f"--to {path}: is there already", hint="give a new file's name")
        check.check_name(path)
    files.require_writable(path, "--to")
    with files.whole_file(path) as temporary:
        temporary.write_text(chosen.text(), encoding="utf-8")


def _check(name: str, chosen: Exercise, path: Path, seconds: float) -> None:
    check.check_file(path)
    chosen.check_needs()
    started = time.perf_counter()
    check.check(name, chosen, path, seconds)
    on = f" on {' and '.join(map(str, chosen.ranks))} ranks" if chosen.ranks else ""
    print(f"{name}: right{on} ({time.perf_counter() - started:.1f} s)")


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads exercise",
        description="Exercises for a class: a technique's file with a hole, and what checks the "
        "file bit by bit.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", help=f"one of: {', '.join(EXERCISES)}")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the file with the hole")
    parser.add_argument("--check", type=Path, metavar="FILE", help="check a filled file")
    parser.add_argument(
        "--seconds", type=options.count, default=60, metavar="N", help="of a check (default: 60)"
    )
    return parser
