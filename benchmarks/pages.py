"""Write the figures of the pages, and the pages of results, from what has them.

A page marks a figure: `13<!--= startup core hpcpy path_calls -->`. The first word is
the report, docs/results/startup.json, the others name the figure (`measure/figures.py`);
`(…)<!--= startup when -->` has its machine and date. `docs/results/pages.toml` says which reports
a page of results has (`measure/topics.py`). Tables of what the checkout has are marked, too
(`measure/lists.py`).
"""

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from checkout import ROOT, run
from hpcpy.core.files import write_whole
from measure import figures, lists, topics
from measure.drawings import asked
from measure.records import Report

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
            write_whole(path, text)
            print(name)
    return stale if options.check else 0


def written() -> Iterator[tuple[Path, str]]:
    """Yield each page that has figures, and the drawing, as the reports say."""
    reports = topics.load()
    of_reports = dict(topics.written(reports))
    for path, text in of_reports.items():
        yield path, with_figures(text, reports)
    yield topics.RESULTS / "asked.svg", asked(reports)
    marked = {ROOT / "README.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/*/*.md")}
    for path in sorted(marked - of_reports.keys()):
        text = with_figures(path.read_text(), reports)
        yield path, _TABLE.sub(lambda match: match["start"] + lists.of(match["name"]), text)


def with_figures(text: str, reports: Mapping[str, Report]) -> str:
    """Return a page's text with each marked figure as its report has it; KeyError without one."""

    def figure(match: re.Match[str]) -> str:
        name, *words = match["words"].split()
        return f"{figures.of(reports[name], words)}<!--= {match['words']} -->"

    return _FIGURE.sub(figure, text)


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
