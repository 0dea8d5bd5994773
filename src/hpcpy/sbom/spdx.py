"""An SPDX 2.3 document, as much of the standard as an SBOM takes."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from hpcpy.sbom.contents import Expected

UNKNOWN = "NOASSERTION"
# Licences on SPDX's list that pins name.  Any other becomes a text of its own, so
# nobody has to add one here.
LISTED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Open-MPI"),
        *("CC0-1.0", "GPL-2.0-only", "GPL-2.0-or-later", "ISC", "LGPL-2.1-or-later", "MIT"),
        *("MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0"),
        *("X11-distribute-modifications-variant", "Zlib", "blessing", "bzip2-1.0.6", "mpich2"),
        # An exception, operators, and what says that nothing is known
        *("LLVM-exception", "AND", "OR", "WITH", UNKNOWN),
    }
)
PREFIX = "LicenseRef-"


def is_expression(text: str) -> bool:
    """Tell whether all words of an SPDX expression are listed; its writers check the grammar."""
    words = re.sub(r"[()]", " ", text).split()
    return bool(words) and LISTED.issuperset(words)


def identifier(words: str) -> str:
    """Return words as an SPDX identifier, with a dash for what SPDX forbids in it."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", words).strip("-")


class Texts:
    """The licences that are not on SPDX's list, each text once."""

    def __init__(self) -> None:
        self._by_text: dict[str, tuple[str, str]] = {}

    def reference(self, name: str, title: str, text: str) -> str:
        """Return the name that refers to a text."""
        if text not in self._by_text:
            reference = PREFIX + identifier(name.removeprefix(PREFIX))
            if reference in (other for other, _ in self._by_text.values()):
                raise ValueError(f"two licences are called {reference}")
            self._by_text[text] = (reference, title)
        return self._by_text[text][0]

    def as_spdx(self) -> list[dict[str, str]]:
        """Return them as the document's JSON has them, sorted by name."""
        texts = [
            {"licenseId": reference, "name": title, "extractedText": text}
            for text, (reference, title) in self._by_text.items()
        ]
        return sorted(texts, key=lambda text: text["licenseId"])


IMAGE = "SPDXRef-image"
_DOCUMENT = "SPDXRef-DOCUMENT"


Element = dict[str, Any]
Relation = tuple[str, str, str]


def file(path: str, hashes: tuple[str, str], licence: str, comment: str) -> Element:
    """Return a file of the image, by its path from the root; its hashes are SHA-1 and SHA-256."""
    # By a hash: two paths may differ only in letters that SPDX forbids.
    name = hashlib.sha256(path.encode()).hexdigest()[:16]
    return {
        "SPDXID": f"SPDXRef-file-{name}",
        "fileName": f"./{path}",
        "checksums": _checksums(SHA1=hashes[0], SHA256=hashes[1]),
        "licenseConcluded": licence,
        "licenseInfoInFiles": [licence],
        "copyrightText": UNKNOWN,
        "comment": comment,
    }


def package(identity: str, name: str, version: str, licence: str, **known: str) -> Element:
    """Return a package of the image, with a `known` url, sha256, purl, cpe, purpose, comment."""
    element = {
        "SPDXID": identity,
        "name": name,
        "versionInfo": version,
        "downloadLocation": known.get("url") or UNKNOWN,
        "checksums": _checksums(SHA256=known.get("sha256", "")),
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": licence,
        "copyrightText": UNKNOWN,
        "primaryPackagePurpose": known.get("purpose", "LIBRARY"),
        "filesAnalyzed": False,
        "comment": known.get("comment", ""),
        "externalRefs": [
            {"referenceCategory": category, "referenceType": kind, "referenceLocator": value}
            for category, kind, value in (
                ("PACKAGE-MANAGER", "purl", known.get("purl")),
                ("SECURITY", "cpe23Type", known.get("cpe")),
            )
            if value
        ],
    }
    return {name: value for name, value in element.items() if value not in ("", [])}


def package_id(kind: str, name: str) -> str:
    """Return the name of a package in the document."""
    return f"SPDXRef-{kind}-{identifier(name.replace('+', '.plus'))}"


def document(
    expected: Expected,
    packages: Sequence[Element],
    files: Sequence[Element],
    relations: Sequence[Relation],
    texts: Texts,
) -> str:
    """Return the whole document: the same text for the same image."""
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": f"{expected.image}-{expected.version}",
        "creationInfo": {
            "created": expected.created,
            "creators": [f"Tool: hpcpy-{expected.version}"],
        },
        "packages": packages,
        "files": files,
        "hasExtractedLicensingInfos": texts.as_spdx(),
        "relationships": [
            {"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": other}
            for first, kind, other in [(_DOCUMENT, "DESCRIBES", IMAGE), *relations]
        ],
    }
    _names_are_unique(document)
    # The namespace has to be unique to the document: it is made from the content.
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["documentNamespace"] = uuid.uuid5(uuid.NAMESPACE_OID, digest).urn
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _checksums(**values: str) -> list[dict[str, str]]:
    return [{"algorithm": name, "checksumValue": value} for name, value in values.items() if value]


def _names_are_unique(document: dict[str, Any]) -> None:
    names = [element["SPDXID"] for kind in ("packages", "files") for element in document[kind]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two things are called {', '.join(sorted(twice))}")
