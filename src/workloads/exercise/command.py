"""``python -m workloads exercise``: a file with a hole for a class, and what checks it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from hpcpy_common import files, options, ranks
from hpcpy_common.errors import (
    EXIT_CODES,
    DiskError,
    HpcpyError,
    UnavailableError,
    UsageError,
)
from workloads.exercise.answers import UNCHECKED, Answer, answers, printable
from workloads.exercise.check import check, check_name, check_needs
from workloads.exercise.page import NOT_YET, UNDER_WAY, by_mistake, page
from workloads.exercise.tasks import NAMES, hints, task, text

_EPILOG = f"""\
exercise                             the exercises, each with its talk and slide
exercise mandel-numba --to my.py     writes the file with the hole, the task in its comments
exercise mandel-numba --check my.py  runs it, and says right, or what is wrong first; or my.ipynb
exercise mandel-numba --check */my.py --json class.json     a class: a line for each file
exercise --check class/ --html class.html     a course: class/ann/heat_halo.py is ann's heat-halo

{EXIT_CODES}
Here 1 is a wrong answer, an exception or none in time, 2 a file that Python cannot read
or that lacks the function; of several files 1, if one of them is wrong, or 69, if one cannot
be checked here; 73, if the page or the JSON cannot be written: all files are checked then, too.
Among several, those whose names tell no exercise are listed, and not checked.
A program runs in a folder of its own."""


def main(arguments: list[str]) -> int:
    """List, write a file, give a hint or the solution, or check files."""
    args = _parser().parse_args(arguments)
    if ranks.expected() > 1:
        raise UsageError("starts its ranks itself", hint="start it without mpiexec or srun")
    wanted = args.to or args.hint or args.solution
    if args.check and wanted:
        raise UsageError("--check excludes --to, --hint and --solution")
    if (args.json or args.html) and not args.check:
        raise UsageError("--json and --html need --check FILE")
    if args.name is None and wanted:
        raise UsageError("which exercise?", hint=f"one of: {', '.join(NAMES)}")
    if args.check:
        return _check(args)
    if wanted:
        _show(args)
        return 0
    for name in NAMES if args.name is None else [args.name]:
        print(f"{name:16}  {task(name).EXERCISE.slide:19}  {task(name).__doc__}")
    return 0


def _show(args: argparse.Namespace) -> None:
    if args.hint:
        print("\nPart 2: ".join(hints(args.name)))
    student = text(args.name, solved=args.solution)
    if args.to is None:
        print(student if args.solution else "", end="")
        return
    if not files.is_stdout(args.to):
        # Somebody's solution may be there.
        if args.to.exists():
            raise UsageError(f"--to {args.to}: is there already", hint="give a new file's name")
        check_name(args.to)
    files.require_writable(args.to, "--to")
    with files.whole_file(args.to) as temporary:
        temporary.write_text(student, encoding="utf-8")


def _check(args: argparse.Namespace) -> int:
    """Check one file, whose error is raised, or several, each of which gets a line."""
    outputs = {name: path for name, path in (("--json", args.json), ("--html", args.html)) if path}
    given = answers(args.check, args.name)
    _check_outputs(outputs, [answer.file for answer in given])
    if args.name:
        check_needs(task(args.name).EXERCISE)
    is_class = len(given) > 1 or args.check[0].is_dir()
    is_printed = not any(map(files.is_stdout, outputs.values()))
    # A pipe gets one document, at the end.
    files_so_far = {name: path for name, path in outputs.items() if files.destination(path)}
    verdicts = [_not_yet(answer) for answer in given]
    width = max(len(verdict["name"]) for verdict in verdicts)
    error: HpcpyError | None = None
    for answer, verdict in zip(given, verdicts, strict=True):
        # A page of before must not be taken for that of a check that has just begun, and a
        # program that kills this one must be found.
        verdict["message"] = UNDER_WAY
        _write(files_so_far, verdicts)
        error = _judge(answer, verdict, args.seconds, quiet=is_class or not is_printed)
        if is_class and is_printed:
            print(f"{verdict['name']:{width}}  {_mark(verdict)}", flush=True)
    if is_class and is_printed:
        _sum_up(verdicts)
    elif is_printed and not error:
        sizes = task(given[0].exercise).EXERCISE.ranks
        where = f" on {' and '.join(map(str, sizes))} ranks" if sizes else ""
        print(f"{given[0].exercise}: {_mark(verdicts[0], where)}")
    line = f"{given[0].exercise}: {error}" if error and not is_class else ""
    if lost := _write(outputs, verdicts):
        raise DiskError("; ".join(filter(None, [line, *lost])))
    if error and line:
        raise type(error)(line)
    return _exit_code(verdicts)


def _judge(
    answer: Answer, verdict: dict[str, Any], seconds: float, *, quiet: bool
) -> HpcpyError | None:
    """Check an answer, and complete its verdict; return the error that says what is wrong."""
    try:
        remark = _check_one(answer.exercise, answer.file, seconds, quiet=quiet)
    except HpcpyError as error:
        # What cannot be checked here may be right.
        is_unknown = isinstance(error, UnavailableError) or answer.exercise not in NAMES
        verdict.update(passed=None if is_unknown else False, message=str(error))
        return error
    verdict.update(passed=True, message=remark)
    return None


def _mark(verdict: dict[str, Any], where: str = "") -> str:
    """Return a verdict as a line has it."""
    message = verdict["message"]
    return {
        True: f"right{where}{message and '; '}{message}",
        False: f"wrong  {message}",
        None: f"?      not checked: {message}",
    }[verdict["passed"]]


def _not_yet(answer: Answer) -> dict[str, Any]:
    """Return the object of an answer that the check has not come to."""
    file, exercise, student = answer
    # Names may be of no text, as an archive of another system leaves them.
    about = {"name": printable(str(file)), "student": printable(student), "exercise": exercise}
    return {**about, "changed": answer.changed, "passed": None, "message": NOT_YET}


def _check_outputs(outputs: dict[str, Path], checked: list[Path]) -> None:
    """Refuse, before a long run, results that cannot be written, or that replace something."""
    students, places = set(map(os.path.realpath, checked)), set[str]()
    for option, path in outputs.items():
        place = files.STDOUT if files.is_stdout(path) else os.path.realpath(path)
        if place in students or path.suffix == ".py":
            hint = "give a new file's name"
            raise UsageError(f"{option} {path}: would replace a program", hint=hint)
        if place in places:
            raise UsageError("--json and --html name the same file", hint="give two names")
        places.add(place)
        files.require_writable(path, option)


def _exit_code(verdicts: list[dict[str, Any]]) -> int:
    """Return 1 if a file is wrong, 69 if one cannot be checked here, 2 if none has a name."""
    named = [verdict["passed"] for verdict in verdicts if verdict["exercise"] in NAMES]
    if False in named:
        return 1
    if None in named:
        return UnavailableError.exit_code
    return 0 if named else UsageError.exit_code


def _check_one(name: str, file: Path, seconds: float, *, quiet: bool) -> str:
    """Raise what is wrong with one file, also that its name is no exercise's; see `check`."""
    if name in UNCHECKED:
        raise UnavailableError(f"{file}: {UNCHECKED[name]}")
    if name not in NAMES:
        if not file.exists() and not file.is_symlink():
            raise UsageError(f"{file}: no such file")
        hint = "heat_halo.py is, of heat-halo; or say which: exercise NAME --check FILE"
        raise UsageError(f"{file.name} is named as no exercise", hint=hint)
    exercise = task(name).EXERCISE
    check_needs(exercise)
    return check(name, exercise, file, seconds, quiet=quiet)


def _write(outputs: dict[str, Path], verdicts: list[dict[str, Any]]) -> list[str]:
    """Write the verdicts so far: a program that ends this one leaves those before it.

    Return what cannot be written: a full disk ends no check, and may have room later.
    """
    lost = []
    for option, path in outputs.items():
        try:
            if option == "--json":
                files.write_json(path, verdicts)
            else:
                with files.whole_file(path, ".html") as temporary:
                    temporary.write_text(page(verdicts), "utf-8")
        except DiskError as error:
            lost.append(str(error))
    return lost


def _sum_up(verdicts: list[dict[str, Any]]) -> None:
    """Print how many are right, and what is said how often: what to explain to all."""
    judged = [verdict for verdict in verdicts if verdict["passed"] is not None]
    others = len(verdicts) - len(judged)
    more = f", {others} not checked" if others else ""
    print(f"\n{sum(verdict['passed'] for verdict in judged)} of {len(judged)} right{more}")
    for mistake in by_mistake((each["name"], each["message"]) for each in judged):
        if len(mistake.names) > 1:
            print(f"{len(mistake.names):4} × {mistake.message}")


def _parser() -> options.Parser:
    what = "Exercises for a class: a technique's file with a hole, and its check by its answer."
    parser = options.module_parser("workloads exercise", what, _EPILOG)
    add = parser.add_argument
    add("name", nargs="?", help=f"one of: {', '.join(NAMES)}")
    add("--to", type=Path, metavar="FILE", help="write the file with the hole")
    add("--hint", action="store_true", help="print a hint")
    add("--solution", action="store_true", help="print the solution; with --to, write it")
    text = "check a filled file, several, or a class's folder, which has one for each student"
    add("--check", type=Path, nargs="+", metavar="FILE", help=text)
    add("--json", type=Path, metavar="FILE", help="of a check; - is standard output")
    text = "of a check, a page for the teacher: who is stuck where, and what is wrong how often"
    add("--html", type=Path, metavar="FILE", help=text)
    add("--seconds", type=options.count, default=60, metavar="N", help="of a check (default: 60)")
    return parser
