"""A talk as one page for a browser: no script, nothing from the network."""

from __future__ import annotations

import datetime
import importlib.util
from collections.abc import Iterator, Sequence
from html import escape

from workloads.talk import notebook, pictures, report
from workloads.talk.run import Measured
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


def lines(name: str, talk: Talk, slides: Sequence[Measured]) -> Iterator[str]:
    """Give the page's HTML."""
    title, machine, here = map(escape, (talk.title, talk.machine, report.here()))
    date = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M UTC}"
    yield _HEAD.format(title=title, machine=machine, here=here, date=date)
    if importlib.util.find_spec("matplotlib") is None:
        yield "<p>No charts: Python has no module 'matplotlib' here.</p>"
    shown: set[str] = set()
    for measured in slides:
        number, slide = measured.number, measured.slide
        yield f'<h2 id="{number}">{number}: {escape(slide.title)}</h2>'
        yield f"<p>{escape(slide.lesson)}</p>"
        for code in notebook.codes(slide):
            title = "; ".join([code.name, *code.titles])
            # Open on the first slide that shows it.
            state = "" if code.text in shown else " open"
            yield f"<details{state}><summary>{escape(title)}</summary>"
            yield f"<pre>{escape(code.text)}</pre></details>"
            shown.add(code.text)
        for outcome in measured.outcomes:
            text = f"{report.command(outcome.experiment)}\n{report.table(outcome)}"
            yield f"<pre>{escape(text)}</pre>"
            # Each once: an area's is as large as all the text of a slide.
            images = [image for image in pictures.of(outcome) if image not in shown]
            yield from images
            shown.update(images)
        if slide.profiled:
            yield f"<pre>{escape(pictures.hottest(slide.profiled))}</pre>"
        closing = escape(report.closing(talk, measured)).replace("\n", "<br>")
        yield f"<p>{closing}</p>"
    yield f"<p>python -m workloads talk {name}</p></body></html>"
