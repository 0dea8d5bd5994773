"""The table of docs/results/talks.md, of what ``talk --json`` has written for each talk."""

import json
import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure.records import Report

# In the page's order.
_TALKS = ("nih", "usc", "nersc")
# Without blanks around the cells, which would only lengthen the page.
_HEAD = """\
|slide|shows|technique|workers|talk, s|here, s|least–most|holds|why|
|---|---|---|--:|--:|--:|--:|---|---|
"""
_NONE = "–"
_HOLDS = {
    "holds": "yes",
    "does not hold": "no",
    "is not certain": "unclear",
    "was not measured": _NONE,
}
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")
_FILES = "Files lie on "
_LEVEL = re.compile(r"x86-64-v\d(?:\+\w+)?")


class _Notes:
    """Notes below the table, each written once, to which rows refer by a letter."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._commands: dict[str, dict[str, None]] = {}

    def letter(self, text: str, command: str = "") -> str:
        if command:
            self._commands.setdefault(text, {})[f"`{command}`"] = None
        often, at = divmod(len(self._letters), len(string.ascii_lowercase))
        return self._letters.setdefault(text, string.ascii_lowercase[at] * (1 + often))

    def lines(self) -> Iterator[str]:
        for text, letter in self._letters.items():
            commands = ", ".join(self._commands.get(text, ()))
            elsewhere = f"; elsewhere: {commands}" if commands else ""
            yield f"- {letter}: {text[:1].upper()}{text[1:].rstrip('.')}{elsewhere}.\n"


def table(folder: Path) -> str:
    """Return the table in Markdown, and below it the notes that its letters stand for."""
    files = [folder / f"talk-{name}.json" for name in _TALKS]
    reports, notes = [json.loads(file.read_text("utf-8")) for file in files], _Notes()
    rows = [
        f"|{'|'.join(cells)}|\n"
        for report in reports
        for slide in report["slides"]
        for cells in _slide(slide, report["machine"]["cores"], notes)
    ]
    return "".join([_circumstances(reports), "\n", _HEAD, *rows, "\n", *notes.lines()])


def _circumstances(reports: Sequence[Report]) -> str:
    slides = [slide for report in reports for slide in report["slides"]]
    rows = [row for slide in slides for shown in slide["experiments"] for row in shown["rows"]]
    often = max(len(row["samples"]) for row in rows)
    machines = [
        f"{report['slides'][0]['talk']}: {report['machine']['cores']} cores of "
        f"{report['machine']['processor']}, {report['date'][:10]}, "
        f"begun at load {report['load_before']:.1f}"
        for report in reports
    ]
    load = max(slide["load_before"] for slide in slides)
    return (
        f"{'; '.join(machines)}. Other processes that computed around a slide: {load} at most; "
        f"{f'medians of {often} samples' if often > 1 else 'one sample each'}.\n"
    )


def _slide(slide: Report, cores: int, notes: _Notes) -> Iterator[list[str]]:
    shown = slide["experiments"]
    # Area 1 is the same with less to compute: the page leaves it out.
    if {experiment["title"] for experiment in shown} >= {"area 1", "area 2"}:
        shown = [experiment for experiment in shown if experiment["title"] != "area 1"]
    lesson = dict.fromkeys(_HOLDS[finding["verdict"]] for finding in slide["findings"])
    begin = [f"{slide['talk']} {slide['slide']}", slide["shows"]]
    end = [", ".join(lesson), ", ".join(_why(slide, shown, cores, notes))]
    for experiment in shown:
        if len(shown) > 1:
            begin[1] = f"{begin[1]}: {experiment['title']}" if begin[0] else experiment["title"]
        first = experiment["rows"][0]
        for row in experiment["rows"]:
            yield [*begin, *_figures(row, first, notes), *end]
            begin, end = ["", ""], ["", ""]


def _why(slide: Report, shown: Sequence[Report], cores: int, notes: _Notes) -> Iterator[str]:
    yield from map(notes.letter, filter(None, _SENTENCE.split(slide["differs"])))
    yield from map(notes.letter, _measured(slide["causes"]))
    rows = [row for experiment in shown for row in experiment["rows"]]
    if max((row["workers"] for row in rows if row["here"] is not None), default=1) > cores:
        yield f"{cores} cores"


def _measured(causes: Sequence[str]) -> Iterator[str]:
    """Give the causes that a report has measured, except for those in other cells."""
    yield from (cause for cause in causes if cause.startswith(_FILES))
    for level in dict.fromkeys(_LEVEL.findall(" ".join(causes))):
        yield f"Vector instructions here are those of {level}"


def _figures(row: Report, first: Report, notes: _Notes) -> list[str]:
    name = [f"`{row['impl']}`", str(row["workers"])]
    talk = _NONE if row["talk"] is None else f"{row['talk']:.3g}"
    if row["later"] is not None:
        talk = f"{talk} ({row['later']:.3g})"
    if row["talk_times"] is not None:
        talk = f"{row['talk_times']:.3g}×"
    if row["here"] is None:
        return [*name, talk, f"({notes.letter(row['reason'], row['elsewhere'])})", ""]
    here = f"{'≈' if row['sampled'] else ''}{row['here']:.3g}"
    spread = f"{row['least']:.3g}–{row['most']:.3g}" if len(row["samples"]) > 1 else ""
    # Where the talk has ratios, those of here are shown beside them.
    if row["talk_times"] is not None and first["here"]:
        here, spread = f"{first['here'] / row['here']:.3g}×", ""
    return [*name, talk, here, spread]
