"""``python -m workloads talk``: a talk's slides, run again here."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from workloads.errors import EXIT_CODES, UnavailableError, UsageError
from workloads.harness import destination, files, machine, options, ranks
from workloads.harness.result import circumstances
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
    wish = options.parse(_parser(), arguments)
    _check(wish)
    if wish.talk is None or not (wish.slide or wish.all):
        for name in [wish.talk] if wish.talk else registry.TALKS:
            print(_listing(name, registry.talk(name)))
        return 0
    machine.load_before()
    talk = registry.talk(wish.talk)
    slides = talk.slides if wish.all else [registry.slide(wish.talk, one) for one in wish.slide]
    slides = pythons.beside(slides, wish.python)
    told: list[report.Told] = []
    with options.tables_beside(wish):
        for slide in slides:
            told.append(_told(wish, talk, slide))
            _write(wish, told, arguments, last=len(told) == len(slides))
    return 0


def _check(wish: argparse.Namespace) -> None:
    if ranks.expected() > 1:
        raise UsageError("starts its ranks itself", hint="start it without mpiexec or srun")
    if wish.talk is not None:
        registry.talk(wish.talk)
    wish.slide = [*dict.fromkeys(wish.slide)]
    for number in wish.slide:
        registry.slide(wish.talk, number)
    running = wish.slide or wish.all
    if wish.slide and wish.all:
        raise UsageError("--all: a slide is named, too")
    if wish.all and wish.talk is None:
        raise UsageError("--all: of which talk?", hint=f"one of: {', '.join(registry.TALKS)}")
    given = wish.json or wish.plot or wish.html or wish.python
    if not running and (given or wish.repeat != _SAMPLES):
        raise UsageError("nothing is run", hint="name a slide, or --all")
    if wish.plot and len(wish.slide) != 1:
        raise UsageError("--plot: draws one slide", hint="--html DIR has all")
    options.check_files(wish)
    if wish.html is not None:
        _check_folder(wish.html)


def _check_folder(folder: Path) -> None:
    # Checked before the run: matplotlib, and a place to write to.
    from workloads.harness import plot  # noqa: PLC0415

    plot.matplotlib_classes()
    if str(folder) == destination.STDOUT:
        raise UsageError("--html -: the page is several files", hint="give a new folder's name")
    if folder.exists():
        raise UsageError(f"--html {folder}: is there already", hint="give a new folder's name")
    files.require_writable(folder, "--html")


def _told(wish: argparse.Namespace, talk: Talk, slide: Slide) -> report.Told:
    outcomes, load = [], machine.others()
    # Printed piece by piece: some experiments take half a minute.
    print(report.heading(wish.talk, slide))
    for experiment in slide.experiments:
        print(report.asked(experiment), flush=True)
        try:
            outcomes.append(Outcome(experiment, run.run(experiment, wish.repeat)))
        except UnavailableError as error:
            if len(wish.slide) == len(slide.experiments) == 1:
                raise
            reason = str(error)
            outcomes.append(Outcome(experiment, rows.absent(experiment, reason), reason))
        print(report.answered(outcomes[-1]), flush=True)
    told = report.Told(slide, outcomes, load)
    print(report.closing(talk, told), flush=True)
    return told


def _write(
    wish: argparse.Namespace, told: Sequence[report.Told], arguments: Sequence[str], *, last: bool
) -> None:
    talk = registry.talk(wish.talk)
    # What is no plain file, as a pipe, gets one document.
    if wish.json is not None and (last or destination.destination(wish.json).replaced):
        made = {
            "workload": "talk",
            **circumstances("talk", arguments),
            "slides": [report.as_json(wish.talk, talk, each) for each in told],
        }
        with files.whole_file(wish.json) as temporary:
            temporary.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if wish.plot is not None:
        from workloads.talk import chart  # noqa: PLC0415

        (one,) = told
        title = f"{wish.talk} {one.slide.number}: {one.slide.title}"
        chart.draw(wish.plot, title, one.outcomes)
    if wish.html is not None:
        from workloads.talk import page  # noqa: PLC0415

        page.write(wish.html, wish.talk, talk, told)


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
