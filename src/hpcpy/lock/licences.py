"""The licences that wheels and Debian packages state, read from the files themselves."""

from __future__ import annotations

import email.parser
import io
import posixpath
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

_DOC = "usr/share/doc"
_UNSTATED = "see metadata"
# A longer text in the field is the licence itself.
_LONGEST_NAME = 60
# How projects write it -> SPDX.
_SPDX = {
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "new bsd license": "BSD-3-Clause",
    "python software foundation license": "PSF-2.0",
    "the mit license": "MIT",
}


def of_wheel(wheel: Path) -> str:
    """Return a wheel's licence: an SPDX expression, the project's words or "see metadata"."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        # A vendored package's metadata may lie deeper.
        text = archive.read(min(names, key=lambda name: name.count("/"))).decode()
    return from_metadata(text)


def from_metadata(text: str) -> str:
    """Return the licence stated by the text of a METADATA file."""
    fields = email.parser.Parser().parsestr(text, headersonly=True)
    expression = fields.get("License-Expression", "").strip()
    if expression:
        return expression
    stated = fields.get("License", "").strip()
    if 0 < len(stated) <= _LONGEST_NAME and "\n" not in stated and stated.upper() != "UNKNOWN":
        return _SPDX.get(stated.lower(), stated)
    classified = [
        value.rsplit(" :: ", 1)[-1]
        for value in fields.get_all("Classifier", [])
        if value.startswith("License :: ") and value != "License :: OSI Approved"
    ]
    named = [_SPDX.get(value.lower(), value) for value in classified]
    return " AND ".join(dict.fromkeys(named)) or _UNSTATED


def of_debs(packages: Mapping[str, Path]) -> dict[str, str]:
    """Return each package's licences, as its copyright file names them.

    The documentation of one is often a link to that of another, which must be among them.
    """
    texts: dict[str, str] = {}
    links: dict[str, str] = {}
    for name, deb in packages.items():
        text, link = _copyright(name, deb)
        if text is not None:
            texts[name] = text
        elif link is not None:
            links[name] = link
    for name in packages:
        target, seen = name, {name}
        while target not in texts and links.get(target, name) not in seen:
            target = links[target]
            seen.add(target)
        texts.setdefault(name, texts.get(target, ""))
    return {name: from_copyright(texts[name]) for name in packages}


def from_copyright(text: str) -> str:
    """Return the short names of the licences in a copyright file."""
    if re.match(r"(?i)\s*format:", text):
        found = re.findall(r"(?im)^license:[ \t]*(\S.*?)[ \t]*$", text)
    else:
        # Free text at least names the common licences it refers to.
        found = [
            name.rstrip(".")
            for name in re.findall(r"/usr/share/common-licenses/([A-Za-z][\w.+-]*)", text)
        ]
    return ", ".join(dict.fromkeys(found)) or "see copyright"


def _copyright(name: str, deb: Path) -> tuple[str | None, str | None]:
    """Return the text of the copyright file, or the package that has it."""
    unpacked = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for member in archive:
            path = posixpath.normpath(member.name)
            if path == f"{_DOC}/{name}" and member.issym():
                return None, posixpath.basename(member.linkname)
            if path != f"{_DOC}/{name}/copyright":
                continue
            if member.issym():
                target = posixpath.normpath(posixpath.join(_DOC, name, member.linkname))
                return None, posixpath.basename(posixpath.dirname(target))
            stream = archive.extractfile(member)
            if stream is not None:
                return stream.read().decode("utf-8", "replace"), None
    return None, None
