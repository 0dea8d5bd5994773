"""The pages of results: which reports each has, and what a reader has to know of them."""

import datetime
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy_common.errors import UsageError
from measure import tables
from measure.records import Report, cold_starts

RESULTS = paths.ROOT / "docs/results"
# Above it, other programs took processor time from those that were measured.
BUSY = 2.0
# Each commit makes another image; what starts or computes hardly changes within days.
OLD = datetime.timedelta(days=3)


def pages() -> dict[str, dict[str, Any]]:
    """Return what docs/results/pages.toml has of each page, by its name."""
    return tomllib.loads((RESULTS / "pages.toml").read_text(encoding="utf-8"))


def command(section: Mapping[str, str], report: Report) -> str:
    """Return what a reader types to measure the same today, or nothing."""
    if "today" in section:
        return section["today"]
    # A workload does not see what has started it.
    ranks = first(report)["machine"].get("ranks", 1)
    start = f"mpiexec -n {ranks} " if ranks > 1 else ""
    return f"{start}{first(report)['command']}"


def first(report: Report) -> Report:
    """Return the report, or the first one of a report that has several."""
    return report if "machine" in report else next(iter(report.values()))


def written(reports: Mapping[str, Report]) -> Iterator[tuple[Path, str]]:
    """Yield each page and its text."""
    for name, page in pages().items():
        sections = {section["report"]: section for section in page["sections"]}
        newest = max(_day(first(reports[report])) for report in sections)
        folder = RESULTS.parent / page.get("folder", "results")
        parts = [f"# {page['title']}\n"]
        if "text" in page:
            parts.append(f"{page['text']}\n")
        for report, section in sections.items():
            parts.append(_section(section, reports[report], newest, folder))
        yield folder / f"{name}.md", "\n".join(parts)


def _section(
    section: Mapping[str, Any], report: Report, newest: datetime.date, folder: Path
) -> str:
    name = section["report"]
    to = "" if folder == RESULTS else "../results/"
    typed = command(section, report)
    parts = [f"## {section['title']}\n"]
    if "text" in section:
        parts.append(f"{section['text']}\n")
    if typed:
        parts.append(f"`{typed}`\n")
    parts.append(f"{_circumstances(report)}. [Samples]({to}{name}.json).\n")
    if warnings := " ".join(_warnings(first(report), newest, bool(typed))):
        if "kept" not in section:
            raise UsageError(
                f"docs/results/{name}.json: {warnings} Measure it anew, or say in pages.toml, as"
                " `kept`, what holds of it nevertheless."
            )
        parts.append(f"**{warnings}** {section['kept']}\n")
    if (RESULTS / f"{name}.png").exists():
        parts.append(f"![{section['title']}]({to}{name}.png)\n")
    # What nobody decides by is in the JSON alone.
    if section.get("table", True):
        parts.append(_table(report))
    if section.get("samples"):
        parts.append(tables.storm_samples(report))
    return "\n".join(parts)


def _table(report: Report) -> str:
    if report is not first(report):
        return tables.ranks(report)
    if "workload" in report:
        return tables.workload(report)
    return tables.TABLES[report["benchmark"]](report)


def _circumstances(report: Report) -> str:
    begin = first(report)
    machine, load = begin["machine"], _load(begin)
    processor = machine["processor"].replace("(cpu family", "(family")
    parts = [f"{machine['cores']} cores of {processor}", f"{_day(begin):%-d %B %Y}"]
    parts.append("load not recorded" if load is None else f"begun at load {load:.1f}")
    parts += [_image(begin), _samples(report)]
    return ", ".join(filter(None, parts))


def _warnings(report: Report, newest: datetime.date, can_be_repeated: bool) -> Iterator[str]:
    if (_load(report) or 0.0) > BUSY:
        yield "Other programs ran: times may be too long."
    if _day(report) < newest - OLD:
        image = report.get("image", True)
        yield "An older image than others here." if image else "Older than others."
    if not can_be_repeated:
        yield "The command is gone."


def _load(report: Report) -> float | None:
    load = report.get("load_average", [report.get("load_before")])[0]
    return None if load is None else float(load)


def _day(report: Report) -> datetime.date:
    return datetime.date.fromisoformat(report["date"][:10])


def _image(report: Report) -> str:
    """Return the image's name and the hash of what it was made of."""
    if not report.get("image", True):
        return f"no image: Python {report['versions']['python']} of the machine"
    image = report.get("image") or (report.get("images") or {}).get("hpcpy")
    if isinstance(image, str):
        return f"image {image.removeprefix('sha256:')[:12]}"
    return f"image {image['name']} {image['inputs'][:12]}" if image else "image not recorded"


def _samples(report: Report) -> str:
    counts = set(_counts(report))
    if not counts:
        return ""
    least, most = min(counts), max(counts)
    number = str(most) if least == most else f"{least} to {most}"
    ended = f", stopped {report['stopped']}" if report.get("stopped") else ""
    return f"{number} sample{'' if most == 1 else 's'} each{ended}"


def _counts(report: Report) -> Iterable[int]:
    """Return how many samples each row has."""
    if report is not first(report):
        return [len(row["samples"]) for own in report.values() for row in own["results"]]
    if report.get("benchmark") == "storm":
        return [len(starts) for sizes in cold_starts(report).values() for starts in sizes.values()]
    rows = report.get("results", [])
    key = next((key for key in ("samples", "wall", "cpu") if rows and key in rows[0]), "")
    return [len(row[key]) for row in rows] if key else []


def load() -> dict[str, dict[str, Any]]:
    """Return all reports of docs/results by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
