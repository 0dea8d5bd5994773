"""The same SBOM as CycloneDX 1.6, for scanners that do not read SPDX."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_ALGORITHMS = {"SHA1": "SHA-1", "SHA256": "SHA-256"}


def converted(spdx: str) -> str:
    """Return the components of an image's SPDX document as CycloneDX, with the same time.

    Files that SPDX lists one by one are left out: their packages stand for them.
    """
    document = json.loads(spdx)
    titles = {
        one["licenseId"]: one.get("name", one["licenseId"])
        for one in document["hasExtractedLicensingInfos"]
    }
    packages = {one["SPDXID"]: one for one in document["packages"]}
    (image,) = (one for one in packages.values() if one["primaryPackagePurpose"] == "CONTAINER")
    relations = [
        (one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"])
        for one in document["relationships"]
    ]
    headers = {one for one, word, _ in relations if word == "BUILD_DEPENDENCY_OF"}
    components = {
        id_: _component(one, titles, is_inside=id_ not in headers) for id_, one in packages.items()
    }
    own = components.pop(image["SPDXID"]) | {"type": "container"}
    contained: dict[str, list[str]] = {id_: [] for id_ in packages}
    for one, word, other in relations:
        if word in ("CONTAINS", "STATIC_LINK") and one in packages:
            contained[one].append(other)
    tool = document["creationInfo"]["creators"][0].removeprefix("Tool: ")
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": document["documentNamespace"],
        "version": 1,
        "metadata": {
            "timestamp": document["creationInfo"]["created"],
            "tools": {"components": [{"type": "application", "name": tool}]},
            "component": own,
        },
        "components": list(components.values()),
        "dependencies": [
            {"ref": id_, "dependsOn": sorted(set(others))} for id_, others in contained.items()
        ],
    }
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def _component(
    package: Mapping[str, Any], titles: Mapping[str, str], *, is_inside: bool
) -> dict[str, Any]:
    told = {
        "type": "library",
        "bom-ref": package["SPDXID"],
        "name": package["name"],
        "version": package.get("versionInfo", ""),
        "scope": "required" if is_inside else "excluded",
        "licenses": _licences(package["licenseDeclared"], titles),
        "hashes": [
            {"alg": _ALGORITHMS[one["algorithm"]], "content": one["checksumValue"]}
            for one in package.get("checksums", ())
        ],
        "purl": "".join(
            one["referenceLocator"]
            for one in package.get("externalRefs", ())
            if one["referenceType"] == "purl"
        ),
        "externalReferences": [
            {"type": "distribution", "url": url}
            for url in [package["downloadLocation"]]
            if url != "NOASSERTION"
        ],
    }
    return {name: value for name, value in told.items() if value not in ("", [])}


def _licences(said: str, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    names = re.findall(r"LicenseRef-[\w.-]+", said)
    if not names:
        return [{"expression": said}]
    return [{"license": {"name": titles.get(name, name)}} for name in names]
