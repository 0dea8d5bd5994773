"""Write docs/maintainers/versions.md: what images are made of, since when, and what is newer.

For each component of an image, the one file or a host: the version, the day on which it was
published, the day on which env/ took it, and the newest that could be had when this was run.
"""

import argparse
import datetime
import email.utils
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checkout import ROOT, run
from hpcpy.core import paths
from hpcpy.core.files import write_whole
from hpcpy.core.programs import captured
from hpcpy.fetch.apt import mirror_of
from hpcpy.fetch.artifacts import fetch
from hpcpy.images.graph import the_graph
from hpcpy.images.plan import Plan, make_plan
from hpcpy.images.sbom_pins import expected, of_host
from hpcpy.lock.command import offers
from hpcpy.pins.debian import debian_request, locked_debs, source_package
from hpcpy.pins.tables import read_table
from hpcpy.sbom.contents import LINKED, READ, Pin

PAGE = ROOT / "docs/maintainers/versions.md"
_IMAGES = ("hpcpy", "hpcpy-cuda", "hpcpy-sci", "hpcpy-dev", "hpcpy-spark")
_SIGNED = re.compile(r"^ -- .+?>  (.+)$", re.MULTILINE)
_CHANGES = (
    'dpkg-deb --fsys-tarfile "$0" | tar -xO --wildcards "./usr/share/doc/*/changelog*.gz" | zcat'
)
_UNKNOWN = "–"
# Below its head, all of the table is written anew.
_RULE = "|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """A component; all of a Debian source's packages are one. A day is empty where nobody tells."""

    is_linked: bool  # Into an executable, or compiled here
    name: str
    version: str
    published: str
    taken: str
    newest: str

    def line(self, known: Mapping[str, set[str]] | None) -> str:
        """Return the table's line; without a list of vulnerabilities nobody has looked."""
        newest = "the same" if self.newest == self.version else self.newest
        found = "" if known is None else ", ".join(sorted(known.get(self.name, ()))) or "none"
        cells = (self.name, self.version, self.published, self.taken, newest, found)
        return f"| {' | '.join(cell or _UNKNOWN for cell in cells)} |"

    @property
    def is_behind(self) -> bool:
        """Whether a newer version can be had."""
        return self.newest not in ("", self.version)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    help_ = "what grype -o json has printed of an SBOM: fills the last column; may be repeated"
    parser.add_argument("--grype", type=Path, action="append", default=[], help=help_)


def main(options: argparse.Namespace) -> int:
    """Ask Debian's mirror and PyPI, and write the page."""
    plan = make_plan("")
    pins = {(pin.kind, pin.name): pin for pin in _pins(plan) if pin.use != READ}
    taken = days_taken(_history())
    known = vulnerabilities(path.read_text() for path in options.grype)
    rows = [*_of_debian(plan, pins.values(), taken), *_of_others(pins.values(), taken)]
    write_whole(PAGE, page(PAGE.read_text(), rows, known if options.grype else None))
    print(PAGE.relative_to(ROOT))
    return 0


def _pins(plan: Plan) -> Iterator[Pin]:
    for name in _IMAGES:
        yield from expected(plan, the_graph().image(name)).pins
    yield from of_host(plan)


def _history() -> str:
    words = ("git", "log", "-p", "--unified=0", "--format=@%cs", "--", "env")
    return subprocess.run(words, cwd=ROOT, text=True, check=True, capture_output=True).stdout


def days_taken(history: str) -> dict[str, str]:
    """Return the first day of each SHA-256 that a commit has added, newest commits first."""
    day, days = "", {}
    for line in history.splitlines():
        if line.startswith("@2"):
            day = line[1:]
        elif line.startswith("+") and (match := re.search(r'"([0-9a-f]{64})"', line)):
            days[match[1]] = day
    return days


def vulnerabilities(lists: Iterable[str]) -> dict[str, set[str]]:
    """Return what grype's lists name, by the package's name."""
    found: dict[str, set[str]] = {}
    for text in lists:
        for match in json.loads(text)["matches"]:
            found.setdefault(match["artifact"]["name"], set()).add(match["vulnerability"]["id"])
    return found


def published_day(changelog: str) -> str:
    """Return the day of a Debian changelog's first entry, empty if there is none."""
    match = _SIGNED.search(changelog)
    return f"{email.utils.parsedate_to_datetime(match[1]):%Y-%m-%d}" if match else ""


def _of_debian(plan: Plan, pins: Iterable[Pin], taken: dict[str, str]) -> Iterator[Row]:
    """Give a row for each source package, by whichever of its packages has a changelog."""
    debs = {deb.name: deb for deb in locked_debs(plan.arch)}
    by_source: dict[str, list[Pin]] = {}
    for pin in pins:
        if pin.kind == "debian":
            by_source.setdefault(source_package(debs[pin.name]), []).append(pin)
    request = debian_request()
    of_mirror = {deb.name: deb for deb in offers(mirror_of(request, plan.arch), request, plan.arch)}
    files = fetch([debs[pin.name] for group in by_source.values() for pin in group])
    for source, group in sorted(by_source.items()):
        days = (_day_of_deb(files[debs[pin.name]]) for pin in group)
        newest = of_mirror[group[0].name].version if group[0].name in of_mirror else ""
        # A wheel may have needed another of its packages long before one was linked.
        linked = [pin for pin in group if pin.use == LINKED]
        when = min(taken.get(pin.sha256, "") for pin in linked or group)
        day = next(filter(None, days), "")
        yield Row(bool(linked), source, group[0].version, day, when, newest)


def _day_of_deb(path: Path) -> str:
    # A package's documentation may be another one's: then there is no such file.
    return published_day(captured(["sh", "-c", _CHANGES, str(path)]).stdout)


def _of_others(pins: Iterable[Pin], taken: dict[str, str]) -> Iterator[Row]:
    pypi = read_table(paths.ENV / "formats.toml").table("pypi")
    index, files = pypi.text("index"), pypi.text("files")
    for pin in sorted(pins, key=lambda pin: (pin.kind, pin.name)):
        if pin.kind != "debian" and pin.sha256:
            url = index.format(name=pin.name)
            day, newest = _of_pypi(url, pin.version) if pin.url.startswith(files) else ("", "")
            when = taken.get(pin.sha256, "")
            yield Row(pin.kind == "source", pin.name, pin.version, day, when, newest)


def _of_pypi(url: str, version: str) -> tuple[str, str]:
    """Return the day of a version and the newest one; empty for a project that is not there."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
            of_project = json.load(answer)
    except urllib.error.HTTPError:
        return "", ""
    files = of_project["releases"].get(version, [])
    day = min((file["upload_time"][:10] for file in files), default="")
    return day, of_project["info"]["version"]


def page(before: str, rows: Sequence[Row], known: Mapping[str, set[str]] | None) -> str:
    """Return the page with a new table: what is linked, and what else is behind or vulnerable."""
    shown = [row for row in rows if row.is_linked or row.is_behind or row.name in (known or ())]
    lines = "".join(f"{row.line(known)}\n" for row in shown)
    today = f"{datetime.datetime.now(datetime.UTC):%-d %B %Y}"
    behind = sum(row.is_behind for row in rows)
    return (
        f"{before.partition(_RULE)[0]}{_RULE}{lines}\n"
        f"{today}: of all {len(rows)} components {behind} are behind.\n"
    )


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
