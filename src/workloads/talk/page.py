"""A talk as one page for a browser: tables, pictures, no script, nothing from elsewhere."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from workloads.errors import OutputError
from workloads.talk import chart, report
from workloads.talk.run import command
from workloads.talk.slides import Slide, Talk

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


def write(
    folder: Path, name: str, talk: Talk, told: Sequence[tuple[Slide, list[report.Outcome]]]
) -> None:
    """Write ``index.html`` and a picture a slide into a new folder.

    Raises
    ------
    OutputError
        When it cannot be written; nothing is left then.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=".talk-") as hidden:
            own = Path(hidden) / "page"
            own.mkdir()
            for slide, outcomes in told:
                if chart.compares(outcomes):
                    chart.draw(own / f"{slide.number}.svg", slide.title, outcomes)
            (own / "index.html").write_text("\n".join(_page(name, talk, told)), "utf-8")
            own.replace(folder)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror or error}") from error


def _page(
    name: str, talk: Talk, told: Sequence[tuple[Slide, list[report.Outcome]]]
) -> Iterator[str]:
    here = report.circumstances()
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{_(talk.title)}</title>"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><h1>{_(talk.title)}</h1>"
    yield f'<p class="here">Talk: {_(talk.machine)}. Here: {_(here["processor"])}, '
    yield f"{here['cores']} cores, Python {here['python']}.</p>"
    for slide, outcomes in told:
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
        for cause in report.causes(slide, outcomes):
            yield f'<p class="here">{_(cause)}</p>'
    yield f'<p class="here">python -m workloads talk {_(name)}</p></body></html>'


def _table(outcome: report.Outcome) -> Iterator[str]:
    if outcome.reason:
        yield f"<p>Cannot run here: {_(outcome.reason)}</p>"
        return
    yield "<table>"
    for index, row in enumerate(report.table(outcome.rows)):
        tag = "td" if index else "th"
        yield "<tr>" + "".join(f"<{tag}>{_(cell)}</{tag}>" for cell in row) + "</tr>"
    yield "</table>"


def _(text: object) -> str:
    return html.escape(str(text))
