"""An SBOM is valid by the validator of SPDX's own project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sbom_validators
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


def test_it_is_valid(spdx: str, tmp_path: Path) -> None:
    path = tmp_path / "small.spdx.json"
    path.write_text(spdx)
    assert sbom_validators.of_spdx(path) == []


def test_the_validator_sees_what_is_wrong(spdx: str, tmp_path: Path) -> None:
    wrong = json.loads(spdx)
    wrong["relationships"][1]["relatedSpdxElement"] = "SPDXRef-nothing"
    path = tmp_path / "small.spdx.json"
    path.write_text(json.dumps(wrong))
    assert "SPDXRef-nothing" in "".join(sbom_validators.of_spdx(path))
