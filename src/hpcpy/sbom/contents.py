"""What went into an image, by its pins; what it holds, as its package managers list it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution
from pathlib import Path

# How something is in an image.
INSTALLED = "installed"  # by dpkg or pip, which know of it
CONTAINED = "contained"  # unpacked or compiled
LINKED = "linked"  # into an executable
READ = "read"  # by its compiler: only headers
USED = "used"  # by hosts, builds and tests: in no image


@dataclass(frozen=True)
class Pin:
    """One pinned file."""

    kind: str  # ``debian``, ``source`` or ``wheel``
    name: str  # As in the lock
    version: str
    licence: str
    url: str  # Its address, and the SHA-256 of the file there
    sha256: str
    use: str  # `INSTALLED`, `CONTAINED`, `LINKED`, `READ` or `USED`
    source: str = ""  # The source package that a Debian package is built from
    cpe: str = ""  # Vendor and product in NVD's list; empty for the name twice


@dataclass(frozen=True)
class Expected:
    """What an image is expected to hold, by its pins."""

    image: str  # The image's name; so version, summary and licence
    version: str
    summary: str
    licence: str
    created: str  # The time of the lock, in UTC, in ISO 8601
    pins: tuple[Pin, ...]  # All that went into it and into the images below it
    listed: dict[str, str]  # NVIDIA's files that may be redistributed, each with what permits it
    brought: dict[str, list[str]]  # NVIDIA's files in packages under other licences, by package


def written(expected: Expected) -> str:
    """Return it as the text of a JSON file."""
    return json.dumps(asdict(expected), indent=1) + "\n"


def read(text: str) -> Expected:
    """Return what `written` has written."""
    fields = json.loads(text)
    pins: Iterable[dict[str, str]] = fields.pop("pins")
    return Expected(**fields, pins=tuple(Pin(**pin) for pin in pins))


_LICENCE = re.compile(r"(.*/)?(licen[cs]e|copying|notice|authors)[^/]*", re.IGNORECASE)


@dataclass(frozen=True)
class Contents:
    """What is below a root."""

    root: Path  # ``/`` in an image
    debian: dict[str, str]  # Versions of dpkg's packages
    # Source packages, by package, where name or version differ: ``NAME``, or ``NAME@VERSION`` if
    # the version differs.
    sources: dict[str, str]
    python: dict[str, Distribution]  # Distributions by normalised name
    release: str  # Debian's version number; empty if it has none

    def copyright_of(self, package: str) -> Path | None:
        """Return the path from the root of a Debian package's licences, if it is there."""
        path = Path("usr/share/doc") / package / "copyright"
        return path if (self.root / path).is_file() else None


def look(root: Path, distributions: Iterable[Distribution]) -> Contents:
    """Return what is below a root."""
    python: dict[str, Distribution] = {}
    for dist in distributions:
        python.setdefault(normal(dist.name), dist)
    release = (root / "etc/os-release").read_text()
    number = re.search(r"^VERSION_ID=\"?([\d.]+)", release, re.MULTILINE)
    installed, sources = _of_dpkg(root)
    return Contents(root, installed, sources, python, number[1] if number else "")


def normal(name: str) -> str:
    """Return the normalised name of a Python package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_dpkg(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    versions, sources = {}, {}
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Status|Source): (.*)$", stanza, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name = fields["Package"]
            versions[name] = fields["Version"]
            if "Source" in fields:
                # The source's version follows its name in brackets.
                sources[name] = re.sub(r" \((.+)\)", r"@\1", fields["Source"])
    return versions, sources


def licence_texts(dist: Distribution) -> str:
    """Return the licences that a distribution brings, one after the other."""
    texts = []
    for file in dist.files or ():
        inside = file.parts[0].endswith(".dist-info")
        if inside and _LICENCE.fullmatch("/".join(file.parts[1:])):
            texts.append(Path(str(file.locate())).read_text(encoding="utf-8", errors="replace"))
    return "\n\n".join(texts)
