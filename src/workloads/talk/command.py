"""``python -m workloads talk``: a talk's slides, run again here."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from workloads.bench import files, machine, options
from workloads.bench.result import circumstances
from workloads.errors import EXIT_CODES, UnavailableError, UsageError
from workloads.parallel import ranks
from workloads.talk import pythons, registry, report, rows, run
from workloads.talk.rows import Outcome
from workloads.talk.slides import Slide, Talk

_EPILOG = f"""\
talk            the talks and their slides
talk nih        one talk's
talk nih 5      runs what slide 5 shows, and sets the talk's figures beside those of here
talk nih 5 6    both slides
talk usc --all  all of a talk's slides: a quarter of an hour

Files are written anew as each slide ends: a run that is stopped leaves those before.

{EXIT_CODES}"""

_SAMPLES = 5


def main(arguments: list[str]) -> int:
    """List the talks and their slides, or run slides and print what came of them.

    Returns
    -------
    int
        0; problems are raised.

    Raises
    ------
    UnavailableError
        When the one experiment of the slide that was asked for cannot run here.
    WorkloadError
        For wrong usage, a workload that fails, or when something cannot be written.
    """
    args = options.parse(_parser(), arguments)
    _check(args)
    if args.talk is None or not (args.slide or args.all):
        for name in [args.talk] if args.talk else registry.TALKS:
            print(_listing(name, registry.talk(name)))
        return 0
    machine.load_before()
    talk = registry.talk(args.talk)
    slides = talk.slides if args.all else [registry.slide(args.talk, one) for one in args.slide]
    slides = pythons.beside(slides, args.python)
    told: list[report.Told] = []
    with options.tables_beside(args):
        for slide in slides:
            told.append(_told(args, talk, slide))
            _write(args, told, arguments, last=len(told) == len(slides))
    return 0


def _check(args: argparse.Namespace) -> None:
    if ranks.expected() > 1:
        raise UsageError("starts its ranks itself", hint="start it without mpiexec or srun")
    if args.talk is not None:
        registry.talk(args.talk)
    args.slide = [*dict.fromkeys(args.slide)]
    for number in args.slide:
        registry.slide(args.talk, number)
    running = args.slide or args.all
    if args.slide and args.all:
        raise UsageError("--all: a slide is named, too")
    if args.all and args.talk is None:
        raise UsageError("--all: of which talk?", hint=f"one of: {', '.join(registry.TALKS)}")
    given = args.json or args.plot or args.html or args.python
    if not running and (given or args.repeat != _SAMPLES):
        raise UsageError("nothing is run", hint="name a slide, or --all")
    if args.plot and len(args.slide) != 1:
        raise UsageError("--plot: draws one slide", hint="--html DIR has all")
    options.check_files(args)
    if args.html is not None:
        _check_folder(args.html)


def _check_folder(folder: Path) -> None:
    # Checked before the run: matplotlib, and a place to write to.
    from workloads.bench import plot  # noqa: PLC0415

    plot.matplotlib_classes()
    if str(folder) == files.STDOUT:
        raise UsageError("--html -: the page is several files", hint="give a new folder's name")
    if folder.exists():
        raise UsageError(f"--html {folder}: is there already", hint="give a new folder's name")
    files.require_writable(folder, "--html")


def _told(args: argparse.Namespace, talk: Talk, slide: Slide) -> report.Told:
    outcomes, load = [], machine.others()
    # Printed piece by piece: some experiments take half a minute.
    print(report.heading(args.talk, slide))
    for experiment in slide.experiments:
        print(report.asked(experiment), flush=True)
        try:
            outcomes.append(Outcome(experiment, run.run(experiment, args.repeat)))
        except UnavailableError as error:
            if len(args.slide) == len(slide.experiments) == 1:
                raise
            reason = str(error)
            outcomes.append(Outcome(experiment, rows.absent(experiment, reason), reason))
        print(report.answered(outcomes[-1]), flush=True)
    told = report.Told(slide, outcomes, load)
    print(report.closing(talk, told), flush=True)
    return told


def _write(
    args: argparse.Namespace, told: Sequence[report.Told], arguments: Sequence[str], *, last: bool
) -> None:
    talk = registry.talk(args.talk)
    # What is no plain file, as a pipe, gets one document.
    if args.json is not None and (last or files.destination(args.json)):
        made = {
            "workload": "talk",
            **circumstances("talk", arguments),
            "slides": [report.as_json(args.talk, talk, each) for each in told],
        }
        with files.whole_file(args.json) as temporary:
            temporary.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if args.plot is not None:
        from workloads.talk import chart  # noqa: PLC0415

        (one,) = told
        title = f"{args.talk} {one.slide.number}: {one.slide.title}"
        chart.draw(args.plot, title, one.outcomes)
    if args.html is not None:
        from workloads.talk import page  # noqa: PLC0415

        page.write(args.html, args.talk, talk, told)


def _listing(name: str, talk: Talk) -> str:
    lines = [f"{name}: {talk.title} ({talk.source})"]
    lines += [f"  {name} {slide.number:<3}  {slide.title}" for slide in talk.slides]
    return "\n".join(lines) + "\n"


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads talk",
        description="Three talks about Python in HPC, slide by slide: runs what a slide computes, "
        "checks the answer, and sets the talk's figures beside those of this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("talk", nargs="?", help=f"one of: {', '.join(registry.TALKS)}")
    parser.add_argument("slide", nargs="*", type=options.count, help="its number, or several")
    parser.add_argument("--all", action="store_true", help="all slides of the talk")
    parser.add_argument(
        "--repeat",
        type=options.count,
        default=_SAMPLES,
        metavar="N",
        help="time each technique N times: the median, the least and the most "
        f"(default: {_SAMPLES}; of 1 no lesson is certain)",
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="FILE",
        help="another Python, which a slide that compares them runs, too; may be repeated",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write it as JSON; - is standard output"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the slide's picture (png, pdf, svg)"
    )
    parser.add_argument(
        "--html", type=Path, metavar="DIR", help="a new folder with a page to give to a class"
    )
    # This command has no --from, which options.check_files looks at.
    parser.set_defaults(report=None)
    return parser
