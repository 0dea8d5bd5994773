"""The drawings of the pages, as SVG: figures of the first screen, and plans of boxes.

The same figures give the same bytes on any machine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from charts.names import plain
from measure import figures

Reports = Mapping[str, Mapping[str, Any]]

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{0}" viewBox="0 0 820 {0}">
<style>
text {{ font-family: sans-serif; font-size: 14px; text-anchor: middle }}
.left {{ text-anchor: start }} .right {{ text-anchor: end }}
.name {{ font-weight: bold; font-size: 15px }}
.title {{ font-weight: bold; font-size: 16px }}
rect {{ fill: #eef4f8; rx: 6px }} .framed {{ stroke: #0072b2 }}
.arrow {{ stroke: #555555; stroke-width: 2; marker-end: url(#tip) }}
</style>
<marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
<path d="M0,0 L8,4 L0,8 z" fill="#555555"/></marker>
<rect width="820" height="{0}" style="fill: white; rx: 0"/>
"""
# The rows of the first screen's table, and their colours: those of hpcpy have one.
_FIRST = {
    "venv": "#d55e00",
    "wheels-sif-shared": "#999999",
    "static-sif-shared": "#0072b2",
    "file": "#0072b2",
}


def asked(reports: Reports) -> str:
    """Draw requests of a node and processor time of a rank side by side."""
    report = reports["storm-first"]
    shapes = [_text(410, 26, "64 ranks on 8 nodes start and import four packages", "title")]
    panels = (
        ("requests of a node", "node", 270, 190),
        ("processor time of a rank, s", "cpu", 560, 160),
    )
    for title, column, x, most in panels:
        shapes.append(_text(x, 56, title, "name left"))
        found = {name: figures.of(report, (name, "8x8", column)) for name in _FIRST}
        numbers = {name: float(figure.replace(",", "")) for name, figure in found.items()}
        for row, (name, figure) in enumerate(found.items()):
            width = max(2.0, most * numbers[name] / max(numbers.values()))
            y = 72 + 36 * row
            bar = f'x="{x}" y="{y}" width="{width:.1f}" height="24"'
            shapes.append(f'<rect {bar} style="fill: {_FIRST[name]}; rx: 0"/>')
            shapes.append(_text(x + width + 8, y + 17, figure, "left"))
    for row, name in enumerate(_FIRST):
        shapes.append(_text(258, 89 + 36 * row, plain(name).replace("`", ""), "right"))
    count = sum(
        (one["configuration"], one["temperature"], one["nodes"], one["ranks"])
        == ("venv", "cold", 8, 8)
        for one in report["samples"]
    )
    when = figures.of(report, ["when"]).strip("()")
    shapes.append(_text(410, 236, f"{when}, for all nodes; medians of {count}"))
    return _drawing(250, shapes)


def ways(_: Reports) -> str:
    """Draw which of the ways a reader takes: questions on the left, answers on the right."""
    questions = (
        (
            "Do the packages need a Python",
            "other than 3.14, or conda?",
            "hpcpy pack",
            "one file, in its place",
        ),
        (
            "Are numpy, numba, h5py and",
            "mpi4py all that you import?",
            "hpcpy-python",
            "one file, no engine",
        ),
        (
            "Is there Apptainer, podman-hpc",
            "or Shifter at your site?",
            "hpcpy.sif",
            "and a bake of the others",
        ),
    )
    shapes: list[str] = []
    for row, (first, second, name, what) in enumerate(questions):
        y = 14 + 104 * row
        shapes += _box(30, y, 300, "", first, second)
        shapes += _box(520, y, 270, name, what)
        shapes += [_arrow(f"M332,{y + 31} H514"), _text(422, y + 24, "yes")]
        if row + 1 < len(questions):
            shapes += [_arrow(f"M180,{y + 54} V{y + 100}"), _text(200, y + 86, "no", "left")]
    shapes += [_arrow("M180,276 V322"), _text(200, 308, "no", "left")]
    shapes += _box(30, 326, 300, "hpcpy-python-full", "or a venv on top of hpcpy-python")
    return _drawing(400, shapes)


def job(_: Reports) -> str:
    """Draw who brings what into a job."""
    parts = (
        (
            "the site",
            ("Linux's kernel", "the engine", "Slurm, GPU driver", "its own MPI, if faster"),
        ),
        ("hpcpy", ("CPython 3.14", "numpy, numba, h5py", "mpi4py and an MPI", "BLAS, HDF5, LLVM")),
        ("you", ("your program", "other packages:", "a venv or a bake", "data")),
    )
    shapes: list[str] = []
    for column, (name, lines) in enumerate(parts):
        shapes += _box(20 + 265 * column, 20, 250, name, *lines)
    shapes.append(
        _text(410, 160, "A job has all three: the engine mounts the image once on each node,")
    )
    shapes.append(
        _text(410, 180, "and Slurm starts the image's Python with your program on each rank.")
    )
    return _drawing(200, shapes)


def made(_: Reports) -> str:
    """Draw how pins become parts, an image, and what is made of the image."""
    pins = _box(10, 75, 160, "pins", "version, URL, hash,", "licence of all (env/)")
    parts = _box(205, 75, 160, "parts", "compiled once, kept", "by hash (recipes/)")
    image = _box(400, 75, 150, "image", "base and parts", "as one OCI archive")
    sif = _box(600, 8, 210, "hpcpy.sif", "one file for Apptainer")
    file = _box(600, 84, 210, "hpcpy-python", "one file, no container")
    registry = _box(600, 160, 210, "a registry", "podman-hpc, Shifter")
    ends = (f"M552,113 L595,{y}" for y in (38, 114, 190))
    arrows = (_arrow(way) for way in ("M172,113 H201", "M367,113 H396", *ends))
    return _drawing(232, [*pins, *parts, *image, *sif, *file, *registry, *arrows])


def _box(x: int, y: int, width: int, name: str, *lines: str) -> Iterator[str]:
    head = 28 if name else 10
    height, middle = head + 6 + 18 * len(lines), x + width // 2
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="framed"/>'
    if name:
        yield _text(middle, y + 22, name, "name")
    for at, line in enumerate(lines):
        yield _text(middle, y + head + 14 + 18 * at, line)


def _text(x: float, y: int, words: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y}"{of_kind}>{words}</text>'


def _arrow(path: str) -> str:
    return f'<path d="{path}" class="arrow"/>'


def _drawing(height: int, shapes: Iterable[str]) -> str:
    return "".join([_HEAD.format(height), *(f"{shape}\n" for shape in shapes), "</svg>\n"])


# What draws a file of docs/results, by its name.
DRAWINGS: Mapping[str, Callable[[Reports], str]] = {
    "asked.svg": asked,
    "ways.svg": ways,
    "job.svg": job,
    "made.svg": made,
}
