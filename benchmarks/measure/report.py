"""The samples as JSON, as a table and as a picture."""

from __future__ import annotations

import argparse
import datetime
import json
import re
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import whole_file
from hpcpy.core.stages import StageError
from measure import chart
from measure.samples import Samples
from measure.targets import WORK, Target

CHART = Path(chart.__file__)
# Above this the times say more of the machine's other work than of Python.
_UNSTEADY = 0.1
_HEAD = (
    "| start | of | path calls | off-node | getdents | opened | MB read | wall, ms | CPU, ms "
    "| resident, MB | private, MB |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add ``--out`` to a command that writes results, and a page with their table."""
    parser.add_argument(
        "--out", type=paths.folder, default=paths.ROOT / "docs", help="of results (default: docs)"
    )


class Result(Protocol):
    """What was measured of one thing."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""


def write_json(path: Path, found: Sequence[Result], circumstances: dict[str, Any]) -> None:
    """Write all samples and what they were taken with, the benchmark's name first."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    results = [one.as_dict() for one in found]
    report = {**circumstances, "date": now, "results": results}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def table(starts: Sequence[Samples]) -> str:
    """Return a table in Markdown: of times the median, the least and the most."""
    lines = [_HEAD]
    for before, start in zip([None, *starts], starts, strict=False):
        counts = start.counts
        name = start.case if before is None or before.case != start.case else ""
        cells = [
            f"**{name}**" if name else "",
            f"{start.image}, {start.place}",
            *(f"{counts[key]:,}" for key in ("path_calls", "off_node", "getdents", "opens")),
            f"{counts['bytes_read'] / 1e6:.1f}",
            _spread(start.wall),
            _spread(start.cpu),
            *(_megabytes(start, key) for key in ("most", "private")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def unsteady(starts: Sequence[Samples]) -> str:
    """Return a warning when processor times vary too much, else nothing."""
    noisy = [
        start
        for start in starts
        if len(start.cpu) > 1
        and statistics.stdev(start.cpu) > _UNSTEADY * statistics.fmean(start.cpu)
    ]
    if not noisy:
        return ""
    return (
        f"{len(noisy)} of {len(starts)} kinds vary by more than {_UNSTEADY:.0%}: "
        "measure again when the machine does nothing else"
    )


def _spread(seconds: Sequence[float]) -> str:
    middle, least, most = (f(seconds) * 1e3 for f in (statistics.median, min, max))
    return f"{middle:.1f} ({least:.1f}–{most:.1f})"


def _megabytes(start: Samples, key: str) -> str:
    return f"{statistics.median(one[key] for one in start.memory) / 1e6:.1f}"


def write_page(template: Path, page: Path, lines: str, name: str = "table") -> None:
    """Put a table into a page, between its marks.

    Parameters
    ----------
    template
        The page as it is: ``<!-- table -->`` and ``<!-- end of the table -->``.
    page
        The page to write.
    lines
        The table.
    name
        The word of the first mark, where a page has several tables.

    Raises
    ------
    UsageError
        When the page has no marks.
    """
    between = re.compile(f"(<!-- {name} -->\n).*?(?=<!-- end of the table -->)", re.DOTALL)
    text, count = between.subn(lambda mark: mark[1] + lines, template.read_text())
    if count != 1:
        raise UsageError(f"{template}: no place for the table")
    with whole_file(page) as temporary:
        temporary.write_text(text)


def draw(report: Path, picture: Path, target: Target, work: Path, program: Path = CHART) -> None:
    """Draw a report by the matplotlib of an image.

    Parameters
    ----------
    report
        What `write_json` wrote.
    picture
        The file to write; its ending says the format.
    target
        The image.
    work
        The folder that the image sees as `measure.targets.WORK`.
    program
        What draws it.

    Raises
    ------
    StageError
        When it cannot be drawn.
    """
    made = work / picture.name
    for path in (program, report):
        shutil.copyfile(path, work / path.name)
    names = [str(WORK / path.name) for path in (program, report, made)]
    done = subprocess.run(target.command(names), capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise StageError(f"the picture was not drawn: {said[0]}")
    with whole_file(picture) as temporary:
        shutil.copyfile(made, temporary)
