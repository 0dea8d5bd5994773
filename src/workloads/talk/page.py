"""A talk as one page for a browser: no script, nothing from the network."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from workloads.bench import files, plot
from workloads.bench.result import Result
from workloads.errors import OutputError, UsageError
from workloads.talk import notebook, report
from workloads.talk.run import Measured, Outcome
from workloads.talk.slides import Talk

_HEAD = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ font-family: sans-serif; line-height: 1.45; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; color: #222; background: #fff; }}
pre {{ background: #f4f4f4; padding: 0.6rem; overflow-x: auto; }}
img {{ max-width: 100%; }}
</style></head><body><h1>{title}</h1>
<p>Talk: {machine}. Here: {here}; {date}.</p>"""


def check(folder: Path) -> None:
    """Refuse what cannot be written, before anything runs."""
    plot.matplotlib_classes()
    if folder.exists():
        raise UsageError(f"--html {folder}: is there already", hint="give a new folder's name")
    files.require_writable(folder, "--html")


def write(folder: Path, name: str, talk: Talk, slides: Sequence[Measured]) -> None:
    """Write the page of the slides that were run anew, and the picture of the last one."""
    try:
        folder.mkdir(exist_ok=len(slides) > 1)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    last = slides[-1]
    if bars := _bars(last.outcomes):
        unit = "times as fast as the first"
        plot.bar_chart(folder / f"{last.number}.svg", last.slide.title, unit, bars)
    with files.whole_file(folder / "index.html") as temporary:
        temporary.write_text("\n".join(lines(name, talk, slides)), "utf-8")


def lines(name: str, talk: Talk, slides: Sequence[Measured]) -> Iterator[str]:
    """Give the page's HTML."""
    title, machine, here = map(escape, (talk.title, talk.machine, report.here()))
    date = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M UTC}"
    yield _HEAD.format(title=title, machine=machine, here=here, date=date)
    shown: set[str] = set()
    for measured in slides:
        number, slide = measured.number, measured.slide
        yield f'<h2 id="{number}">{number}: {escape(slide.title)}</h2>'
        yield f"<p>{escape(slide.lesson)}</p>"
        for code in notebook.codes(slide):
            # Open on the first slide that shows it.
            state = "" if code.text in shown else " open"
            yield f"<details{state}><summary>{escape(code.title)}</summary>"
            yield f"<pre>{escape(code.text)}</pre></details>"
            shown.add(code.text)
        for outcome in measured.outcomes:
            text = f"{report.command(outcome.experiment)}\n{report.table(outcome)}"
            yield f"<pre>{escape(text)}</pre>"
        if _bars(measured.outcomes):
            yield f'<p><img src="{number}.svg" alt="times as fast as the first technique"></p>'
        closing = escape(report.closing(talk, measured)).replace("\n", "<br>")
        yield f"<p>{closing}</p>"
    yield f"<p>python -m workloads talk {name}</p></body></html>"


def _bars(outcomes: Sequence[Outcome]) -> list[Result]:
    """Return how many times as fast as the first each row is, in the talk and here."""
    bars = []
    for outcome in [outcome for outcome in outcomes if not outcome.reason]:
        for row, ratios in zip(outcome.rows, report.speed_ups(outcome.rows), strict=True):
            for place, ratio in zip(("talk", "here"), ratios, strict=True):
                panel = f"{outcome.experiment.title} {place}".lstrip()
                if ratio:
                    bars.append(Result(row.key, panel, [1 / ratio], work=1_000_000))
    return bars
