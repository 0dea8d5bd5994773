"""The licences that wheels and Debian packages state, read from the files themselves."""

from __future__ import annotations

import email.parser
import re
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

from hpcpy.core.programs import printed
from hpcpy.core.scratch import build_scratch
from hpcpy.fetch.artifacts import take

# Every package of Debian has a folder or a link there.
_UNPACK = 'dpkg-deb --fsys-tarfile "$0" | tar -xC "$1" --wildcards "./usr/share/doc/*"'
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
    (found,) = distributions(path=[str(wheel)])
    return from_metadata(found.read_text("METADATA") or "")


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
    with build_scratch("licences") as tree:
        for deb in packages.values():
            printed(["sh", "-c", _UNPACK, take(deb, tree / deb.name), tree], deb)
        return {name: _licences(tree / f"usr/share/doc/{name}/copyright") for name in packages}


def _licences(file: Path) -> str:
    try:
        return from_copyright(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:  # there is none, or a link to a package that is not here
        return from_copyright("")


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
