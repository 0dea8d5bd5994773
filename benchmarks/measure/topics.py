"""The pages of results: which reports each has, and what a reader has to know of them."""

import datetime
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hpcpy.core.errors import UsageError
from measure import tables

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs/results"
Report = Mapping[str, Any]
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
        mine = [first(reports[section["report"]]) for section in page["sections"]]
        newest = max(_day(report) for report in mine)
        parts = [f"# {page['title']}\n"]
        if "text" in page:
            parts.append(f"{page['text']}\n")
        folder = RESULTS.parent / page.get("folder", "results")
        parts += [
            _section(section, reports[section["report"]], newest, folder)
            for section in page["sections"]
        ]
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
    if warnings := " ".join(_warnings(report, newest, bool(typed))):
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
    one = first(report)
    machine, load = one["machine"], _load(one)
    processor = machine["processor"].replace("(cpu family", "(family")
    found = [f"{machine['cores']} cores of {processor}", f"{_day(one):%-d %B %Y}"]
    found.append("load not recorded" if load is None else f"begun at load {load:.1f}")
    found += [_image(one), _samples(report)]
    return ", ".join(filter(None, found))


def _warnings(report: Report, newest: datetime.date, can_be_repeated: bool) -> Iterator[str]:
    one = first(report)
    if (_load(one) or 0.0) > BUSY:
        yield "Other programs ran: times may be too long."
    if _day(one) < newest - OLD:
        yield "An older image than others here." if one.get("image", True) else "Older than others."
    if not can_be_repeated:
        yield "The command is gone."


def _load(report: Report) -> float | None:
    found = report.get("load_average", [report.get("load_before")])[0]
    return None if found is None else float(found)


def _day(report: Report) -> datetime.date:
    return datetime.date.fromisoformat(report["date"][:10])


def _image(report: Report) -> str:
    """Return the image's name and the hash of what it was made of."""
    if not report.get("image", True):
        return f"no image: Python {report['versions']['python']} of the machine"
    found = report.get("image") or (report.get("images") or {}).get("hpcpy")
    if isinstance(found, str):
        return f"image {found.removeprefix('sha256:')[:12]}"
    return f"image {found['name']} {found['inputs'][:12]}" if found else "image not recorded"


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
        return [len(row["samples"]) for one in report.values() for row in one["results"]]
    if "samples" in report and "configuration" in report["samples"][0]:
        keys = ("configuration", "program", "temperature", "nodes", "ranks")
        return Counter(tuple(one[key] for key in keys) for one in report["samples"]).values()
    rows = report.get("results", [])
    key = next((key for key in ("samples", "wall", "cpu") if rows and key in rows[0]), "")
    return [len(row[key]) for row in rows] if key else []


def load() -> dict[str, dict[str, Any]]:
    """Return all reports of docs/results by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
