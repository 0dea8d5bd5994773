"""Every file of NVIDIA's is in the SBOM, with its licence and the licence's text."""

import hashlib
from pathlib import Path
from typing import Any

from nvidia import BROUGHT, COMPONENTS, FILES, LICENCES, SITE

from sbom import (
    DOCUMENT,
    TEXTS,
    installed_by_dpkg,
    noticed,
    nvidia_libraries,
    packages,
    python_packages,
)

EULA = "LicenseRef-NVIDIA-CUDA-EULA"
NAMED: dict[str, Any] = {one["fileName"].removeprefix("."): one for one in DOCUMENT["files"]}


def test_it_names_the_packages_of_both_images() -> None:
    named = {name: one["versionInfo"] for name, one in packages("debian").items()}
    assert installed_by_dpkg().items() <= named.items()
    told = packages("wheel", "source", "brought")
    python = python_packages()
    assert {name: told[name]["versionInfo"] for name in python} == python
    assert {*packages("wheel", "brought")} == {*python} - {*packages("source")}


def test_the_files_that_it_names_are_those_of_the_table_and_their_wheels_metadata() -> None:
    files = {name for name in NAMED if ".dist-info/" not in name}
    assert files == {str(SITE / name) for name in (*FILES, *BROUGHT)}
    wheels = {one["wheel"] for one in COMPONENTS.values()}
    infos = {Path(name).relative_to(SITE).parts[0] for name in NAMED if name not in files}
    assert infos == {path.name for path in SITE.glob("nvidia_*.dist-info")}
    assert len(infos) == len(wheels)


def test_each_has_its_licence_and_the_hash_of_its_bytes() -> None:
    for name, one in NAMED.items():
        assert one["licenseConcluded"] == EULA, name
        with Path(name).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        assert {"algorithm": "SHA256", "checksumValue": digest} in one["checksums"], name


def test_the_text_of_the_licence_is_in_it() -> None:
    assert TEXTS[EULA]["extractedText"].strip() == (LICENCES / "License.txt").read_text().strip()
    licences = {name: one["licenseDeclared"] for name, one in packages("wheel").items()}
    assert {name for name, one in licences.items() if one == EULA} == {
        one["wheel"] for one in COMPONENTS.values()
    }
    assert {one for one in licences.values() if "nvidia" in one.lower()} == {EULA}


def test_no_library_of_nvidias_is_elsewhere() -> None:
    found = nvidia_libraries()
    assert found
    assert found <= NAMED.keys()


def test_no_text_with_nvidias_notice_is_elsewhere() -> None:
    found = noticed(Path("/opt"))
    assert found == {name for name in NAMED if Path(name).suffix in (".h", ".hpp")}
