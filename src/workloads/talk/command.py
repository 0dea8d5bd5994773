"""``python -m workloads talk``: a talk's slides, run again here."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hpcpy_common import files, options, ranks
from hpcpy_common.errors import EXIT_CODES, HpcpyError, UnavailableError, UsageError
from workloads.bench.options import tables_beside
from workloads.bench.report import circumstances
from workloads.talk import notebook, page, report, run, slides
from workloads.talk.claims import SAMPLES
from workloads.talk.run import Measured, Outcome
from workloads.talk.slides import Slide, Talk

_EPILOG = f"""\
talk            the talks and their slides
talk nih        one talk's
talk nih 5      runs what slide 5 shows, and sets the talk's figures beside those of here
talk nih 5 6    both slides
talk usc --all  all of a talk's slides: a quarter of an hour
talk nih --notebook nih.ipynb  runs nothing: the slides, the techniques' code, the commands

Files are written anew as each slide ends: a run that is stopped leaves those before.

{EXIT_CODES}"""


def main(arguments: list[str]) -> int:
    """List the talks and their slides, or run slides and print what came of them."""
    args = _parser().parse_args(arguments)
    if ranks.expected() > 1:
        raise UsageError("starts its ranks itself", hint="start it without mpiexec or srun")
    if args.talk is None and (args.all or args.notebook):
        raise UsageError("of which talk?", hint=f"one of: {', '.join(slides.TALKS)}")
    talks = {name: slides.talk(name) for name in ([args.talk] if args.talk else slides.TALKS)}
    chosen = _chosen(args, talks[args.talk]) if args.talk else {}
    _check(args, chosen)
    if args.notebook:
        notebook.write(args.notebook, args.talk, talks[args.talk], chosen)
    elif chosen:
        _run(args, talks[args.talk], chosen, arguments)
    else:
        for name, talk in talks.items():
            print(f"{name}: {talk.title} ({talk.source})")
            for number, slide in talk.slides.items():
                print(f"  {name} {number:<3}  {slide.title}")
            print()
    return 0


def _chosen(args: argparse.Namespace, talk: Talk) -> dict[int, Slide]:
    """Return the slides to run or to write."""
    if args.slide and args.all:
        raise UsageError("--all: a slide is named, too")
    for number in args.slide:
        if number not in talk.slides:
            hint = ", ".join(map(str, talk.slides))
            raise UsageError(f"{args.talk} {number}: no slide that computes something", hint=hint)
    every = args.all or (args.notebook and not args.slide)
    return {number: talk.slides[number] for number in (talk.slides if every else args.slide)}


def _check(args: argparse.Namespace, chosen: Mapping[int, Slide]) -> None:
    """Refuse before anything runs what cannot be done after it."""
    given = args.json or args.html or args.python or args.repeat != SAMPLES
    if given and (args.notebook or not chosen):
        hint = "give --notebook alone" if args.notebook else "name a slide, or --all"
        raise UsageError("nothing is run", hint=hint)
    compares = any(each.pythons for slide in chosen.values() for each in slide.experiments)
    if args.python and not compares:
        raise UsageError("--python: no slide that is run compares Pythons", hint="nersc 8 does")
    if args.python and shutil.which(args.python) is None:
        raise UsageError(f"--python {args.python}: there is no such program")
    for name in ("json", "html", "notebook"):
        if (path := getattr(args, name)) is None:
            continue
        files.require_writable(path, f"--{name}")
        target = files.destination(path)
        if target and target.suffix == ".py":
            hint = "give a new file's name"
            raise UsageError(f"--{name} {path}: would replace a program", hint=hint)
        # Somebody's notes may be in it.
        if name == "notebook" and target and target.exists():
            raise UsageError(f"--notebook {path}: is there already", hint="give a new file's name")


def _run(
    args: argparse.Namespace, talk: Talk, chosen: Mapping[int, Slide], arguments: Sequence[str]
) -> None:
    document = {"workload": "talk", **circumstances("workloads talk", arguments)}
    measured: list[Measured] = []
    with tables_beside(args):
        for number, slide in chosen.items():
            measured.append(_measure(args, talk, number, slide))
            document["slides"] = [report.as_json(args.talk, slide) for slide in measured]
            texts = {
                args.json: json.dumps(document, indent=1, ensure_ascii=False),
                args.html: "\n".join(page.lines(args.talk, talk, measured)),
            }
            is_last = len(measured) == len(chosen)
            for path, text in texts.items():
                # What is no plain file, as a pipe, gets one document.
                if path and (is_last or files.destination(path)):
                    with files.whole_file(path) as temporary:
                        temporary.write_text(f"{text}\n", "utf-8")
    outcomes = [outcome for slide in measured for outcome in slide.outcomes]
    for error in (outcome.error for outcome in outcomes if outcome.error):
        raise error
    if not any(row.here for outcome in outcomes for row in outcome.rows):
        raise UnavailableError(f"nothing was measured: {next(filter(None, _reasons(outcomes)))}")


def _reasons(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield from (outcome.reason for outcome in outcomes)
    yield from (row.reason for outcome in outcomes for row in outcome.rows)


def _measure(args: argparse.Namespace, talk: Talk, number: int, slide: Slide) -> Measured:
    outcomes, load = [], 0
    # Printed piece by piece: some experiments take half a minute.
    print(f"{args.talk} {number}: {slide.title}\n  {slide.lesson}\n")
    for experiment in [each.with_python(args.python) for each in slide.experiments]:
        print(report.command(experiment), flush=True)
        load = max(load, run.other_processes())
        try:
            outcomes.append(run.run(experiment, args.repeat))
        except HpcpyError as error:
            if len(args.slide) == len(slide.experiments) == 1:
                raise
            outcomes.append(run.absent(experiment, error))
        load = max(load, run.other_processes())
        print(report.table(outcomes[-1]), flush=True)
    measured = Measured(number, slide, outcomes, load)
    print(report.closing(talk, measured), flush=True)
    return measured


def _parser() -> options.Parser:
    parser = options.module_parser(
        "workloads talk",
        "Three talks about Python in HPC, slide by slide: runs what a slide computes, checks the "
        "answer, and sets the talk's figures beside those of this machine.",
        _EPILOG,
    )
    parser.add_argument("talk", nargs="?", choices=slides.TALKS)
    parser.add_argument("slide", nargs="*", type=options.count, help="its number, or several")
    parser.add_argument("--all", action="store_true", help="all slides of the talk")
    repeat = f"time each technique N times (default: {SAMPLES}; with fewer no lesson is certain)"
    parser.add_argument("--repeat", type=options.count, default=SAMPLES, metavar="N", help=repeat)
    python = "another Python, which a slide that compares them runs, too"
    parser.add_argument("--python", metavar="FILE", help=python)
    for name, metavar, text in (
        ("--json", "FILE", "write it as JSON; - is standard output"),
        ("--html", "FILE", "write a page for a class, with the techniques' code"),
        ("--notebook", "FILE", "run nothing: write the slides, or those named, for Jupyter"),
    ):
        parser.add_argument(name, type=Path, metavar=metavar, help=text)
    return parser
