"""Check what the schema of SPDX 2.3 requires of a document, and what its text adds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# By kind of object: the required fields, and the others that our documents have.
FIELDS = {
    "": (
        {"SPDXID", "creationInfo", "dataLicense", "name", "spdxVersion"},
        {"documentNamespace", "files", "hasExtractedLicensingInfos", "packages", "relationships"},
    ),
    "creationInfo": ({"created", "creators"}, set()),
    "packages": (
        {"SPDXID", "downloadLocation", "name"},
        {
            *("checksums", "comment", "copyrightText", "externalRefs", "filesAnalyzed"),
            *("licenseConcluded", "licenseDeclared", "primaryPackagePurpose", "versionInfo"),
        },
    ),
    "files": (
        {"SPDXID", "checksums", "fileName"},
        {"comment", "copyrightText", "licenseConcluded", "licenseInfoInFiles"},
    ),
    "checksums": ({"algorithm", "checksumValue"}, set()),
    "externalRefs": ({"referenceCategory", "referenceLocator", "referenceType"}, set()),
    "hasExtractedLicensingInfos": ({"extractedText", "licenseId"}, {"name"}),
    "relationships": ({"relatedSpdxElement", "relationshipType", "spdxElementId"}, set()),
}
WORDS = {
    "spdxVersion": r"SPDX-2\.3",
    "dataLicense": r"CC0-1\.0",
    "SPDXID": r"SPDXRef-[A-Za-z0-9.-]+",
    "licenseId": r"LicenseRef-[A-Za-z0-9.-]+",
    "created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "documentNamespace": r"[a-z]+:[^#\s]+",
    "downloadLocation": r"NOASSERTION|https?://\S+",
    "algorithm": r"SHA1|SHA256",
    "checksumValue": r"[0-9a-f]{40}|[0-9a-f]{64}",
    "fileName": r"\./\S.*",
    "referenceCategory": r"PACKAGE-MANAGER|SECURITY",
    "referenceLocator": r"pkg:(deb/debian|pypi|generic)/[^@\s]+@[^@\s]+"
    r"|cpe:2\.3:a(:[\w.-]+){2}:([\w.-]|\\\W)+(:\*){7}",
    "relationshipType": r"BUILD_DEPENDENCY_OF|CONTAINS|DESCRIBES|EXPANDED_FROM_ARCHIVE|STATIC_LINK",
    "primaryPackagePurpose": r"CONTAINER|LIBRARY",
}


def complaints(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with a document, as lines; an empty list if nothing is."""
    return [*_of_fields("", document), *_of_references(document), *_of_files(document)]


def _of_fields(kind: str, value: dict[str, Any]) -> Iterator[str]:
    needed, allowed = FIELDS[kind]
    yield from (f"{kind} lacks {name}" for name in needed - value.keys())
    yield from (f"{kind} has {name}" for name in value.keys() - needed - allowed)
    for name, field in value.items():
        if isinstance(field, str):
            if not field or (name in WORDS and not re.fullmatch(WORDS[name], field)):
                yield f"{kind}: {name} is {field!r}"
        elif name in FIELDS:
            for one in field if isinstance(field, list) else [field]:
                yield from _of_fields(name, one)


def _of_references(document: dict[str, Any]) -> Iterator[str]:
    elements = [document, *document["packages"], *document["files"]]
    names = [one["SPDXID"] for one in elements]
    texts = [one["licenseId"] for one in document["hasExtractedLicensingInfos"]]
    for name in {name for name in (*names, *texts) if [*names, *texts].count(name) > 1}:
        yield f"{name} is twice there"
    for one in document["relationships"]:
        for end in ("spdxElementId", "relatedSpdxElement"):
            if one[end] not in names:
                yield f"{one[end]} is related and not there"
    for one in (*document["packages"], *document["files"]):
        said = f"{one.get('licenseDeclared', '')} {one['licenseConcluded']}"
        for name in re.findall(r"LicenseRef-[\w.-]+", said):
            if name not in texts:
                yield f"{one['SPDXID']}: the text of {name} is not there"


def _of_files(document: dict[str, Any]) -> Iterator[str]:
    related = {one["spdxElementId"] for one in document["relationships"]}
    for one in document["files"]:
        # For files, SPDX requires SHA-1.
        if "SHA1" not in {checksum["algorithm"] for checksum in one["checksums"]}:
            yield f"{one['fileName']} has no SHA1"
        if one["SPDXID"] not in related:
            yield f"{one['fileName']} comes from nowhere"
    for one in document["packages"]:
        # With false, a package may list no files, and needs no hash over all of them.
        if one["filesAnalyzed"] is not False:
            yield f"{one['name']} is said to be looked into"
