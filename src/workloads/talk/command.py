"""``python -m workloads talk``: a talk's slides, run again here."""

from __future__ import annotations

import argparse
import copy
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from workloads.bench import destination, files, machine, options
from workloads.bench.result import circumstances
from workloads.errors import EXIT_CODES, UnavailableError, UsageError
from workloads.parallel import ranks
from workloads.talk import notebook, page, report, run, slides
from workloads.talk.claims import SAMPLES
from workloads.talk.run import Measured
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
    """List the talks and their slides, or run slides and print what came of them.

    Raises
    ------
    UnavailableError
        When the one experiment of the slide that was asked for cannot run here.
    WorkloadError
        For wrong usage, a workload that fails, or when something cannot be written.
    """
    args = options.parse(_parser(), arguments)
    if ranks.expected() > 1:
        raise UsageError("starts its ranks itself", hint="start it without mpiexec or srun")
    if args.talk is None:
        if args.all or args.notebook:
            raise UsageError("of which talk?", hint=f"one of: {', '.join(slides.TALKS)}")
        _check(args, {})
        _list(*slides.TALKS)
        return 0
    talk = slides.talk(args.talk)
    chosen = _chosen(args, talk)
    _check(args, chosen)
    if args.notebook:
        notebook.write(args.notebook, args.talk, talk, chosen)
    elif not chosen:
        _list(args.talk)
    else:
        _run(args, talk, chosen, arguments)
    return 0


def _list(*names: str) -> None:
    for name in names:
        talk = slides.talk(name)
        print(f"{name}: {talk.title} ({talk.source})")
        for number, slide in talk.slides.items():
            print(f"  {name} {number:<3}  {slide.title}")
        print()


def _chosen(args: argparse.Namespace, talk: Talk) -> dict[int, Slide]:
    """Return the slides to run or to write, with the Pythons that the user names."""
    if args.slide and args.all:
        raise UsageError("--all: a slide is named, too")
    for number in args.slide:
        if number not in talk.slides:
            hint = ", ".join(map(str, talk.slides))
            raise UsageError(f"{args.talk} {number}: no slide that computes something", hint=hint)
    every = args.all or (args.notebook and not args.slide)
    chosen = {number: talk.slides[number] for number in (talk.slides if every else args.slide)}
    if args.python and chosen:
        if not any(one.pythons for slide in chosen.values() for one in slide.experiments):
            raise UsageError("--python: no slide that is run compares Pythons", hint="nersc 8 does")
        given = " ".join(f"--python {shlex.quote(file)}" for file in args.python)
        for number, slide in chosen.items():
            found = [one.by(given) if one.pythons else one for one in slide.experiments]
            chosen[number] = copy.copy(slide)
            chosen[number].experiments = tuple(found)
    return chosen


def _check(args: argparse.Namespace, chosen: Mapping[int, Slide]) -> None:
    """Refuse before anything runs what cannot be done after it."""
    given = args.json or args.plot or args.html or args.python or args.repeat != SAMPLES
    if given and (args.notebook or not chosen):
        hint = "give --notebook alone" if args.notebook else "name a slide, or --all"
        raise UsageError("nothing is run", hint=hint)
    if args.plot and len(chosen) != 1:
        raise UsageError("--plot: draws one slide", hint="--html DIR has all")
    options.check_files(args)
    if args.notebook is not None:
        files.require_writable(args.notebook, "--notebook")
    if args.html is not None:
        page.check(args.html)


def _run(
    args: argparse.Namespace, talk: Talk, chosen: Mapping[int, Slide], arguments: Sequence[str]
) -> None:
    machine.load_before()
    measured: list[Measured] = []
    with options.tables_beside(args):
        for number, slide in chosen.items():
            measured.append(_measure(args, talk, number, slide))
            # What is no plain file, as a pipe, gets one document.
            is_last = len(measured) == len(chosen)
            if args.json and (is_last or destination.destination(args.json).replaced):
                found = [report.as_json(args.talk, each) for each in measured]
                made = {"workload": "talk", **circumstances("talk", arguments), "slides": found}
                with files.whole_file(args.json) as temporary:
                    text = json.dumps(made, indent=1, ensure_ascii=False)
                    temporary.write_text(f"{text}\n", "utf-8")
            if args.plot:
                page.draw(args.plot, f"{args.talk} {number}: {slide.title}", measured[-1].outcomes)
            if args.html:
                page.write(args.html, args.talk, talk, measured)


def _measure(args: argparse.Namespace, talk: Talk, number: int, slide: Slide) -> Measured:
    outcomes, load = [], machine.others()
    # Printed piece by piece: some experiments take half a minute.
    print(f"{args.talk} {number}: {slide.title}\n  {slide.lesson}\n")
    for experiment in slide.experiments:
        print(report.command(experiment), flush=True)
        try:
            outcomes.append(run.run(experiment, args.repeat))
        except UnavailableError as error:
            if len(args.slide) == len(slide.experiments) == 1:
                raise
            outcomes.append(run.absent(experiment, error))
        print(report.table(outcomes[-1]), flush=True)
    measured = Measured(number, slide, outcomes, load)
    print(report.closing(talk, measured), flush=True)
    return measured


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads talk",
        description="Three talks about Python in HPC, slide by slide: runs what a slide computes, "
        "checks the answer, and sets the talk's figures beside those of this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("talk", nargs="?", help=f"one of: {', '.join(slides.TALKS)}")
    parser.add_argument("slide", nargs="*", type=options.count, help="its number, or several")
    parser.add_argument("--all", action="store_true", help="all slides of the talk")
    repeat = f"time each technique N times (default: {SAMPLES}; with fewer no lesson is certain)"
    parser.add_argument("--repeat", type=options.count, default=SAMPLES, metavar="N", help=repeat)
    python = "another Python, which a slide that compares them runs, too; may be repeated"
    parser.add_argument("--python", action="append", default=[], metavar="FILE", help=python)
    for name, metavar, text in (
        ("--json", "FILE", "write it as JSON; - is standard output"),
        ("--plot", "FILE", "draw the slide's picture (png, pdf, svg)"),
        ("--html", "DIR", "a new folder with a page for a class, with the techniques' code"),
        ("--notebook", "FILE", "run nothing: write the slides, or those named, for Jupyter"),
    ):
        parser.add_argument(name, type=Path, metavar=metavar, help=text)
    # This command has no --from, which options.check_files looks at.
    parser.set_defaults(report=None)
    return parser
