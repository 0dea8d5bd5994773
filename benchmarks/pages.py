"""Write the figures of the pages, and the pages of results, from what has them.

A page marks a figure: `13<!--= startup core hpcpy path_calls -->`. The first word is
the report, docs/results/startup.json, the others name the figure (`measure/figures.py`);
`(…)<!--= startup when -->` has its machine and date. A report's page has its tables and what
it was measured on. Tables of what the checkout has are marked, too (`measure/lists.py`).
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checkout import ROOT, run
from hpcpy.core.files import whole_file
from measure import figures, lists, tables
from measure.drawings import DRAWINGS

_RESULTS = ROOT / "docs/results"
_FIGURE = re.compile(r"(?P<figure>[\d.,]+|\([^()]*\))<!--= (?P<words>[^>]+?) -->")
_TABLE = re.compile(r"(?s)(?P<start><!--= table (?P<name>\S+) -->\n).*?(?=<!--= end -->)")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    help_ = "write nothing: print what differs, and exit with 1 if anything does"
    parser.add_argument("--check", action="store_true", help=help_)


def main(options: argparse.Namespace) -> int:
    """Bring all pages up to date, or tell what is not."""
    stale = 0
    for path, text in written():
        before = path.read_text() if path.exists() else ""
        if before == text:
            continue
        stale = 1
        name = str(path.relative_to(ROOT))
        if options.check:
            lines = (before.splitlines(keepends=True), text.splitlines(keepends=True))
            sys.stdout.writelines(difflib.unified_diff(*lines, name, "as by the reports"))
        else:
            with whole_file(path) as temporary:
                temporary.write_text(text)
            print(name)
    return stale if options.check else 0


def written() -> Iterator[tuple[Path, str]]:
    """Yield each page that has figures, and each drawing, as the reports say."""
    reports = {path.stem: json.loads(path.read_text()) for path in _RESULTS.glob("*.json")}
    of_reports: dict[Path, str] = {}
    for name, report in sorted(reports.items()):
        # mandel-large is a section of mandel's page, if there is one.
        page = _RESULTS / f"{_page_of(name, reports)}.md"
        if text := _section(name, report):
            of_reports[page] = f"{of_reports[page]}\n#{text}" if page in of_reports else text
    yield from of_reports.items()
    yield from ((_RESULTS / name, draw(reports)) for name, draw in DRAWINGS.items())
    marked = {ROOT / "README.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/*/*.md")}
    for path in sorted(marked - of_reports.keys()):
        yield path, with_tables(with_figures(path.read_text(), reports))


def with_figures(text: str, reports: Mapping[str, dict[str, Any]]) -> str:
    """Return a page's text with each marked figure as its report has it; KeyError without one."""

    def figure(found: re.Match[str]) -> str:
        name, *words = found["words"].split()
        return f"{figures.of(reports[name], words)}<!--= {found['words']} -->"

    return _FIGURE.sub(figure, text)


def with_tables(text: str) -> str:
    """Return a page's text with each marked table as the checkout has it."""
    return _TABLE.sub(lambda found: found["start"] + lists.of(found["name"]), text)


def _page_of(name: str, reports: Mapping[str, Any]) -> str:
    first = name.partition("-")[0]
    return first if first in reports else name


def _section(name: str, report: dict[str, Any]) -> str:
    """Return a report's heading, circumstances and tables, or nothing for one without tables."""
    is_workload = "workload" in report and "results" in report
    table = _rows if is_workload else tables.TABLES.get(report.get("benchmark", ""))
    if table is None:
        return ""
    picture = f"\n![{name}]({name}.png)\n" if (_RESULTS / f"{name}.png").exists() else ""
    return f"# {name}\n\n{_circumstances(name, report)}\n{picture}\n{table(report)}"


def _circumstances(name: str, report: dict[str, Any]) -> str:
    machine = report["machine"]
    load = report.get("load_average", [report.get("load_before")])[0]
    busy = f", load {load:.1f} when it began" if load is not None else ""
    # A workload does not see what has started it.
    ranks = machine.get("ranks", 1)
    start = f"mpiexec -n {ranks} " if ranks > 1 else ""
    return (
        f"`{start}{report['command']}`\n\n{machine['cores']} cores of {machine['processor']}, "
        f"{report['date'][:10]}{busy}. [All samples]({name}.json)."
    )


def _rows(report: Mapping[str, Any]) -> str:
    rows = []
    for row in report["results"]:
        times = (figures.text(figures.of_row(row, column)) for column in ("least", "median"))
        label = _with_size(row["problem"], report.get("parameters", {}))
        rows.append([label, f"`{row['impl']}`", str(row.get("workers") or "–"), *times])
    return tables.table(["problem", "technique", "workers", "least, ms", "median, ms"], rows, 2)


def _with_size(problem: str, parameters: Mapping[str, Any]) -> str:
    """Return a problem with what its name does not say: how large, or how often."""
    found = parameters.get(problem)
    found = found if isinstance(found, dict) else {}
    size = [f"n {found['n']:,}"] if "n" in found else []
    often = [f"{found['times']:,} round trips"] if "times" in found else []
    return ", ".join([problem, *size, *often])


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
