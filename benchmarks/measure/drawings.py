"""Two drawings as SVG: how an image is made, and what ranks ask a file system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from measure import figures

Point = tuple[int, int]

_BLUE, _RED, _GREY, _PALE = "#0072b2", "#d55e00", "#555555", "#eef4f8"
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" '
    'font-family="sans-serif">\n'
    '<rect width="{0}" height="{1}" fill="white"/>\n'
    '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="#555555"/></marker></defs>\n'
)
# A row of the first drawing: what it is, and two lines about it.
_CHAIN = (
    ("pins", "version, URL, hash,", "licence of all (env/)"),
    ("parts", "compiled once, kept", "by hash (recipes/)"),
    ("image", "base and parts", "as one OCI archive"),
)
_ENDS = (
    ("hpcpy.sif", "one file for Apptainer"),
    ("hpcpy-python", "one file, no container"),
    ("a registry", "podman-hpc, Shifter"),
)
_NODES, _RANKS = 3, 4


def of(reports: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each drawing's name and its SVG."""
    yield "made", _made()
    yield "asked", _asked(reports["storm"])


def _made() -> str:
    parts = []
    for at, (name, *lines) in enumerate(_CHAIN):
        left = 10 + at * 190
        parts.append(_box(left, 75, 150, 76, name, *lines))
        if at:
            parts.append(_arrow((left - 38, 113), (left - 4, 113)))
    for at, (name, line) in enumerate(_ENDS):
        top = 8 + at * 76
        parts.append(_box(600, top, 210, 60, name, line))
        parts.append(_arrow((542, 113), (595, top + 30)))
    return _whole(820, 232, parts)


def _asked(storm: Mapping[str, Any]) -> str:
    """Draw the metadata requests of a venv's ranks, and of ranks that share a mount."""
    each = figures.of(storm, ["venv", "1x8", "further"])
    node = figures.of(storm, ["static-sif-shared", "1x1", "requests"])
    parts = [
        *_half(0, "Files on a shared file system", f"each rank asks {each} times", _RED),
        *_half(
            420, "One image file", f"each node asks {node} times, further ranks hardly ever", _BLUE
        ),
    ]
    return _whole(820, 300, parts)


def _half(left: int, title: str, line: str, colour: str) -> Iterator[str]:
    yield _text(left + 200, 24, title, 17, weight="bold")
    yield _box(left + 115, 42, 170, 40, "metadata server")
    for node in range(_NODES):
        x = left + 20 + node * 125
        yield f'<rect x="{x}" y="190" width="110" height="62" rx="6" fill="{_PALE}"/>\n'
        yield _text(x + 55, 244, f"node {node + 1}", 12)
        shared = colour == _BLUE
        if shared:
            yield _line((x + 55, 188), (left + 200, 84), colour, 3)
            yield _text(x + 55, 206, "mount", 11)
        for rank in range(_RANKS):
            at = x + 19 + rank * 24
            if not shared:
                yield _line((at, 213), (left + 200, 84), colour, 1)
            yield f'<circle cx="{at}" cy="220" r="7" fill="{colour}"/>\n'
    yield _text(left + 200, 284, line, 15)


def _whole(width: int, height: int, parts: list[str]) -> str:
    return _HEAD.format(width, height) + "".join(parts) + "</svg>\n"


def _box(x: int, y: int, width: int, height: int, name: str, *lines: str) -> str:
    middle = x + width // 2
    top = y + height // 2 + 5 - 9 * len(lines)
    return "".join(
        [
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" '
            f'fill="{_PALE}" stroke="{_BLUE}"/>\n',
            _text(middle, top, name, 15, weight="bold"),
            *(_text(middle, top + 18 + 16 * at, line, 12) for at, line in enumerate(lines)),
        ]
    )


def _text(x: int, y: int, words: str, size: int, weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="middle">{escape(words)}</text>\n'
    )


def _line(start: Point, end: Point, colour: str, width: int) -> str:
    return (
        f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" stroke="{colour}" '
        f'stroke-width="{width}"/>\n'
    )


def _arrow(start: Point, end: Point) -> str:
    line = _line(start, end, _GREY, 2)
    return line.replace("/>", ' marker-end="url(#tip)"/>')
