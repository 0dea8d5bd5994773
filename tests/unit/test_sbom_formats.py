"""Both forms of an SBOM are valid in their formats, and say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sbom_validators
from hpcpy.build.cyclonedx import converted
from hpcpy.sbom.licences import Texts
from hpcpy.sbom.pins import Expected
from hpcpy.sbom.spdx import IMAGE, File, Package, document

EXPECTED = Expected("small", "1.0", "", "MIT", "2026-11-20T09:37:21Z", (), {}, {})
SHA1, SHA256 = "1" * 40, "2" * 64
DEB = "pkg:deb/debian/libssl3t64@3.5-1%2Bb1?distro=debian-13&upstream=openssl"


@pytest.fixture
def spdx() -> str:
    texts = Texts()
    own = texts.reference("wheel", "Its Own Licence", "All the words of it.")
    header = File("opt/a.h", SHA1, SHA256, own, "a header")
    packages = [
        Package(IMAGE, "small", "1.0", "MIT", purpose="CONTAINER"),
        Package(
            "SPDXRef-source-python", "python", "3.14", "Python-2.0", "https://example.org/p.tar.xz"
        ),
        Package("SPDXRef-debian-libssl3t64", "libssl3t64", "3.5-1+b1", own, purl=DEB),
        Package("SPDXRef-wheel-tqdm", "tqdm", "4.0", "MPL-2.0 AND MIT", sha256=SHA256),
        Package("SPDXRef-brought-pip", "pip", "26.0", own, files=(header,)),
    ]
    relations = [
        (IMAGE, "CONTAINS", "SPDXRef-source-python"),
        (IMAGE, "STATIC_LINK", "SPDXRef-debian-libssl3t64"),
        ("SPDXRef-wheel-tqdm", "BUILD_DEPENDENCY_OF", IMAGE),
        ("SPDXRef-source-python", "CONTAINS", "SPDXRef-brought-pip"),
    ]
    return document(EXPECTED, packages, relations, texts)


def test_each_is_valid_by_its_formats_own_validator(spdx: str, tmp_path: Path) -> None:
    path = tmp_path / "small.spdx.json"
    path.write_text(spdx)
    assert sbom_validators.of_spdx(path) == []
    assert sbom_validators.of_cyclonedx(converted(spdx)) == []


def test_the_validators_see_what_is_wrong(spdx: str, tmp_path: Path) -> None:
    wrong = json.loads(spdx)
    wrong["relationships"][1]["relatedSpdxElement"] = "SPDXRef-nothing"
    path = tmp_path / "small.spdx.json"
    path.write_text(json.dumps(wrong))
    assert "SPDXRef-nothing" in "".join(sbom_validators.of_spdx(path))
    sbom = json.loads(converted(spdx))
    assert sbom_validators.of_cyclonedx(json.dumps(sbom | {"strange": 1}))
    twice = sbom | {"components": [sbom["components"][0]] * 2}
    assert sbom_validators.of_cyclonedx(json.dumps(twice))


def test_cyclonedx_tells_what_spdx_does(spdx: str) -> None:
    sbom: dict[str, Any] = json.loads(converted(spdx))
    assert sbom["metadata"]["component"]["name"] == "small"
    told = {one["name"]: one for one in sbom["components"]}
    assert {*told} == {"python", "libssl3t64", "tqdm", "pip"}
    assert told["libssl3t64"]["purl"] == DEB
    assert told["tqdm"]["hashes"] == [{"alg": "SHA-256", "content": SHA256}]
    assert told["tqdm"]["licenses"] == [{"expression": "MPL-2.0 AND MIT"}]
    assert told["pip"]["licenses"] == [{"license": {"name": "Its Own Licence"}}]
    (reference,) = told["python"]["externalReferences"]
    assert reference["url"] == "https://example.org/p.tar.xz"
    # Only its headers were read: it is not in the image.
    assert {name: one["scope"] for name, one in told.items() if one["scope"] != "required"} == {
        "tqdm": "excluded"
    }
    needs = {one["ref"]: one["dependsOn"] for one in sbom["dependencies"]}
    assert needs[IMAGE] == ["SPDXRef-debian-libssl3t64", "SPDXRef-source-python"]
    assert needs["SPDXRef-source-python"] == ["SPDXRef-brought-pip"]
    assert converted(spdx) == converted(spdx)
