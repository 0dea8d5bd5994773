"""What an image holds, as its own package managers list it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

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
    for found in distributions:
        python.setdefault(normal(found.name), found)
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


def licence_texts(found: Distribution) -> str:
    """Return the licences that a distribution brings, one after the other."""
    texts = []
    for file in found.files or ():
        inside = file.parts[0].endswith(".dist-info")
        if inside and _LICENCE.fullmatch("/".join(file.parts[1:])):
            texts.append(Path(str(file.locate())).read_text(encoding="utf-8", errors="replace"))
    return "\n\n".join(texts)
