"""The two drawings of the pages, as SVG: what ranks ask, and what is made of the pins.

The same figures give the same bytes on any machine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from measure import figures

Reports = Mapping[str, Mapping[str, Any]]

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{0}" viewBox="0 0 820 {0}">
<style>
text {{ font: 12px sans-serif; text-anchor: middle }}
.below {{ font-size: 15px }} .name {{ font: bold 15px sans-serif }}
.title {{ font: bold 17px sans-serif }}
rect {{ fill: #eef4f8; rx: 6px }} .framed {{ stroke: #0072b2 }}
.arrow {{ stroke: #555555; stroke-width: 2; marker-end: url(#tip) }}
</style>
<marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
<path d="M0,0 L8,4 L0,8 z" fill="#555555"/></marker>
<rect width="820" height="{0}" style="fill: white; rx: 0"/>
"""


def asked(reports: Reports) -> str:
    """Draw what one metadata server is asked by ranks, and by mounts of an image."""

    def figure(*words: str) -> str:
        return figures.of(reports["storm-256"], words)

    each_rank = figure("venv", "1x1", "requests")
    few, most = (figure("static-sif-shared", size, "node") for size in ("1x1", "16x16"))
    files = _half(200, "Files on a shared file system", f"each rank asks {each_rank} times")
    image = _half(620, "One image file", f"each node asks {few} to {most} times", is_mounted=True)
    return _drawing(300, [*files, *image])


def _half(x: int, title: str, below: str, is_mounted: bool = False) -> Iterator[str]:
    """Yield the server around `x`, and three nodes, whose ranks or whose mounts ask it."""
    yield f'<text x="{x}" y="24" class="title">{title}</text>'
    yield f'<rect x="{x - 85}" y="42" width="170" height="40" class="framed"/>'
    yield f'<text x="{x}" y="67" class="name">metadata server</text>'
    yield f'<text x="{x}" y="284" class="below">{below}</text>'
    colour, width = ("#0072b2", 3) if is_mounted else ("#d55e00", 1)
    for number in (1, 2, 3):
        node = x + 125 * (number - 2)
        ranks = range(node - 36, node + 37, 24)
        yield f'<rect x="{node - 55}" y="190" width="110" height="62"/>'
        yield f'<text x="{node}" y="244">node {number}</text>'
        if is_mounted:
            yield f'<text x="{node}" y="206">mount</text>'
        for asking in [node] if is_mounted else ranks:
            path = f"M{asking},{190 if is_mounted else 213} L{x},84"
            yield f'<path d="{path}" stroke="{colour}" stroke-width="{width}"/>'
        for rank in ranks:
            yield f'<circle cx="{rank}" cy="220" r="7" fill="{colour}"/>'


def made(_: Reports) -> str:
    """Draw how pins become parts, an image, and what is made of the image."""
    pins = _box(10, 75, 150, "pins", "version, URL, hash,", "licence of all (env/)")
    parts = _box(200, 75, 150, "parts", "compiled once, kept", "by hash (recipes/)")
    image = _box(390, 75, 150, "image", "base and parts", "as one OCI archive")
    sif = _box(600, 8, 210, "hpcpy.sif", "one file for Apptainer")
    file = _box(600, 84, 210, "hpcpy-python", "one file, no container")
    registry = _box(600, 160, 210, "a registry", "podman-hpc, Shifter")
    ways = ("M162,113 H196", "M352,113 H386", *(f"M542,113 L595,{y}" for y in (38, 114, 190)))
    arrows = (f'<path d="{way}" class="arrow"/>' for way in ways)
    return _drawing(232, [*pins, *parts, *image, *sif, *file, *registry, *arrows])


def _box(x: int, y: int, width: int, name: str, *lines: str) -> Iterator[str]:
    height, middle = 44 + 16 * len(lines), x + width // 2
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="framed"/>'
    yield f'<text x="{middle}" y="{y + 25}" class="name">{name}</text>'
    for at, line in enumerate(lines):
        yield f'<text x="{middle}" y="{y + 43 + 16 * at}">{line}</text>'


def _drawing(height: int, shapes: Iterable[str]) -> str:
    return "".join([_HEAD.format(height), *(f"{shape}\n" for shape in shapes), "</svg>\n"])


# What draws a file of docs/results, by its name.
DRAWINGS: Mapping[str, Callable[[Reports], str]] = {"asked.svg": asked, "made.svg": made}
