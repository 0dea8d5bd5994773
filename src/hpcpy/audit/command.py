"""``hpcpy audit [IMAGE]``: an image's components against data of known vulnerabilities, offline."""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from pathlib import Path

from hpcpy.audit import changelogs, files, ignore
from hpcpy.audit.advisories import Known
from hpcpy.audit.components import Names, Sbom, read
from hpcpy.audit.match import Finding, Unclear, findings
from hpcpy.audit.report import Audit, as_json, as_table
from hpcpy.audit.severity import LEVELS
from hpcpy.build.command import have
from hpcpy.build.sbom import sbom_of
from hpcpy.errors import UsageError
from hpcpy.pins.sources import patterns, repositories

_POOL = re.compile(r".*/pool/[^/]+/[^/]+/([^/]+)/.*")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "an image (default: hpcpy), or an OCI archive (.tar) or SBOM (.json) as a file"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="hpcpy", help=help_)
    help_ = "OSV's or Debian's data: a file, a folder or a zip; may be repeated"
    parser.add_argument(
        "--data", action="append", default=[], type=Path, metavar="PATH", help=help_
    )
    help_ = "exit with 1 from this severity on (default: high)"
    parser.add_argument("--fail-on", choices=LEVELS, default="high", metavar="LEVEL", help=help_)
    help_ = "decisions on vulnerabilities, as TOML (SECURITY.md)"
    parser.add_argument("--ignore", type=Path, metavar="FILE", help=help_)
    parser.add_argument("--json", action="store_true", help="write all of it as JSON")


def main(options: argparse.Namespace) -> int:
    """Look an image's components up.

    Returns
    -------
    int
        1 when a vulnerability reaches the level, else 0.

    Raises
    ------
    UsageError
        For a path that is not there or cannot be read.
    IntegrityError
        For data or an SBOM that are not what their formats want.
    """
    decisions = ignore.read(options.ignore) if options.ignore else []
    sbom = _sbom(options.image)
    known = Known.of(sbom.components)
    for path in options.data:
        files.read(path, known)
    every = [one for component in sbom.components for one in findings(component, known)]
    found = [one for one in every if isinstance(one, Finding)]
    counting, ignored, notes = ignore.split(found, decisions, datetime.date.today())
    has_debian = any(ecosystem == "Debian" for ecosystem, _ in known.covered)
    audit = Audit(
        sbom=sbom,
        advisories=known.count,
        newest=known.newest,
        findings=counting,
        ignored=ignored,
        unclear=[one for one in every if isinstance(one, Unclear)],
        uncovered=[one for one in sbom.components if not any(map(known.covers, one.identities))],
        notes=notes,
        fixed={} if has_debian else changelogs.fixed(sbom.debs),
    )
    print(as_json(audit, options.fail_on) if options.json else "\n".join(as_table(audit)))
    if not options.data:
        print(
            "hpcpy audit: no data of known vulnerabilities: give --data (SECURITY.md)",
            file=sys.stderr,
        )
    return int(audit.reaches(options.fail_on))


def _sbom(image: str) -> Sbom:
    # By suffix, not by whether it exists: the checkout has a file `hpcpy`, like the image.
    path = Path(image)
    try:
        if path.suffix == ".json":
            text = path.read_text(encoding="utf-8", errors="replace")
        else:
            text = sbom_of(path if path.suffix == ".tar" else have("oci", image)[0])
    except OSError as error:
        raise UsageError(f"{image}: {error.strerror}") from error
    return read(text, image, names())


def names() -> dict[str, Names]:
    """Return the names that ``sources.toml`` has of what is compiled here."""
    known = repositories()
    return {
        name: Names(
            repository=known.get(name, ""),
            debian=next((match[1] for url in urls if (match := _POOL.fullmatch(url))), ""),
        )
        for name, urls in patterns().items()
    }
