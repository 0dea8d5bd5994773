"""The licence that a wheel's metadata states, as SPDX where that is plain."""

from __future__ import annotations

import email.parser
import zipfile
from pathlib import Path

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


def licence(wheel: Path) -> str:
    """Return the licence of a wheel.

    Returns
    -------
    str
        An SPDX expression, or the project's own short words where they leave
        the variant open, or "see metadata".
    """
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
