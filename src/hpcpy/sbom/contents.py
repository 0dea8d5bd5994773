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
    """What is below a root.

    Attributes
    ----------
    root
        ``/`` in an image.
    debian
        Versions of dpkg's packages.
    sources
        Of those whose source has another name or version: that, and where it
        differs ``@`` and the version.
    python
        Distributions by their names as indexes write them.
    release
        Debian's own number.
    """

    root: Path
    debian: dict[str, str]
    sources: dict[str, str]
    python: dict[str, Distribution]
    release: str

    def copyright_of(self, package: str) -> Path | None:
        """Return where the licences of a Debian package are, from the root."""
        path = Path("usr/share/doc") / package / "copyright"
        return path if (self.root / path).is_file() else None


def look(root: Path, distributions: Iterable[Distribution]) -> Contents:
    """Return what is below a root.

    Parameters
    ----------
    root
        ``/`` in an image.
    distributions
        The Python packages there.  Of two with one name the first counts, as
        for imports.
    """
    python: dict[str, Distribution] = {}
    for found in distributions:
        python.setdefault(normal(found.name), found)
    release = (root / "etc/os-release").read_text()
    number = re.search(r"^VERSION_ID=\"?([\d.]+)", release, re.MULTILINE)
    installed, sources = _of_dpkg(root)
    return Contents(root, installed, sources, python, number[1] if number else "")


def normal(name: str) -> str:
    """Return the name of a Python package as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_dpkg(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    versions, sources = {}, {}
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Status|Source): (.*)$", stanza, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name = fields["Package"]
            versions[name] = fields["Version"]
            if "Source" in fields:
                # Its version stands in brackets behind it.
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
