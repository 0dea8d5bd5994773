"""A talk as one page for a browser: tables and pictures, no script, nothing from the network."""

from __future__ import annotations

import datetime
import html
from collections.abc import Iterator, Sequence
from pathlib import Path

from workloads.bench import files
from workloads.errors import OutputError
from workloads.talk import chart, report
from workloads.talk.rows import Outcome, command
from workloads.talk.slides import Talk

_STYLE = """
body { font-family: sans-serif; line-height: 1.45; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: 0.2rem 0.8rem 0.2rem 0; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
pre { background: #f4f4f4; padding: 0.6rem; overflow-x: auto; }
img { max-width: 100%; }
.here { color: #555; }
"""


def write(folder: Path, name: str, talk: Talk, told: Sequence[report.Told]) -> None:
    """Write ``index.html`` anew, and the picture of the last slide.

    Parameters
    ----------
    folder
        A new folder for the first slide; then that folder.
    name, talk
        The talk.
    told
        The slides that were run.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    try:
        folder.mkdir(exist_ok=len(told) > 1)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    slide, outcomes = told[-1].slide, told[-1].outcomes
    if chart.compares(outcomes):
        chart.draw(folder / f"{slide.number}.svg", slide.title, outcomes)
    with files.whole_file(folder / "index.html") as temporary:
        temporary.write_text("\n".join(_page(name, talk, told)), "utf-8")


def _page(name: str, talk: Talk, told: Sequence[report.Told]) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{_(talk.title)}</title>"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><h1>{_(talk.title)}</h1>"
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield f'<p class="here">Talk: {_(talk.machine)}. Here: {_(report.here())}; {date}.</p>'
    for each in told:
        yield from _slide(each)
    yield f'<p class="here">python -m workloads talk {_(name)}</p></body></html>'


def _slide(told: report.Told) -> Iterator[str]:
    slide, outcomes = told.slide, told.outcomes
    yield f'<h2 id="{slide.number}">{slide.number}: {_(slide.title)}</h2>'
    yield f"<p>{_(slide.lesson)}</p>"
    for outcome in outcomes:
        title = outcome.experiment.title
        yield f"<h3>{_(title)}</h3>" if title else ""
        yield f"<pre>{_(' '.join(command(outcome.experiment)))}</pre>"
        yield from _table(outcome)
    if chart.compares(outcomes):
        about = f"times as fast as the first technique: {slide.title}"
        yield f'<p><img src="{slide.number}.svg" alt="{_(about)}"></p>'
    for finding in report.findings(told):
        yield f"<p><strong>{_(finding.line)}</strong></p>"
    yield f'<p class="here">Here: {_(report.load(told))}.</p>'
    for cause in report.causes(slide, outcomes):
        yield f'<p class="here">{_(cause)}</p>'


def _table(outcome: Outcome) -> Iterator[str]:
    yield "<table>"
    for index, row in enumerate(report.table(outcome.rows)):
        tag = "td" if index else "th"
        yield "<tr>" + "".join(f"<{tag}>{_(cell)}</{tag}>" for cell in row) + "</tr>"
    yield "</table>"
    for line in report.left_out(outcome):
        yield f"<p>{_(line)}</p>"


def _(text: object) -> str:
    return html.escape(str(text))
