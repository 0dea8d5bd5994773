"""The drawing of the first screen's figures, as SVG: the same bytes on any machine."""

from collections.abc import Mapping

from charts.names import plain
from measure import figures
from measure.records import Report, cold_starts

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="820" height="250" viewBox="0 0 820 250">
<style>
text { font-family: sans-serif; font-size: 14px; text-anchor: middle }
.left { text-anchor: start } .right { text-anchor: end }
.name { font-weight: bold; font-size: 15px }
.title { font-weight: bold; font-size: 16px }
</style>
<rect width="820" height="250" style="fill: white"/>
"""
# The rows of the first screen's table, and their colours: those of hpcpy have one.
_FIRST = {
    "venv": "#d55e00",
    "wheels-sif-shared": "#999999",
    "static-sif-shared": "#0072b2",
    "file": "#0072b2",
}


def asked(reports: Mapping[str, Report]) -> str:
    """Draw requests of a node and processor time of a rank side by side."""
    report = reports["storm-first"]
    shapes = [_text(410, 26, "64 ranks on 8 nodes start and import four packages", "title")]
    panels = (
        ("requests of a node", "node", 270, 190),
        ("processor time of a rank, s", "cpu", 560, 160),
    )
    for title, column, x, most in panels:
        shapes.append(_text(x, 56, title, "name left"))
        figures_of = {name: figures.of(report, (name, "8x8", column)) for name in _FIRST}
        numbers = {name: float(text.replace(",", "")) for name, text in figures_of.items()}
        for row, (name, number) in enumerate(numbers.items()):
            width = max(2.0, most * number / max(numbers.values()))
            y = 72 + 36 * row
            bar = f'x="{x}" y="{y}" width="{width:.1f}" height="24"'
            shapes.append(f'<rect {bar} style="fill: {_FIRST[name]}"/>')
            shapes.append(_text(x + width + 8, y + 17, figures_of[name], "left"))
    for row, name in enumerate(_FIRST):
        shapes.append(_text(258, 89 + 36 * row, plain(name).replace("`", ""), "right"))
    count = len(cold_starts(report)["venv"][8, 8])
    when = figures.of(report, ["when"]).strip("()")
    shapes.append(_text(410, 236, f"{when}, for all nodes; medians of {count}"))
    return "".join([_HEAD, *(f"{shape}\n" for shape in shapes), "</svg>\n"])


def _text(x: float, y: int, words: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y}"{of_kind}>{words}</text>'
