"""The SBOM says what is in the image; an image that is not what was pinned has none."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from hpcpy.build.archive import sbom_of
from hpcpy.core.errors import UsageError
from hpcpy.sbom.contents import look
from hpcpy.sbom.image import sbom
from hpcpy.sbom.pins import CONTAINED, INSTALLED, LINKED, READ, Expected, Pin, read, written
from small_image import layer, write_archive
from spdx_document import complaints

SITE = "opt/hpcpy/lib/python3.14/site-packages"
LIBRARY = "nvidia/thing/lib/libthing.so.1"
HEADER = "numba_cuda/include/cuda_fp8.h"
EULA = "End User License Agreement: these files only"


def pin(kind: str, name: str, version: str, licence: str, use: str) -> Pin:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Pin(kind, name, version, licence, f"https://example.org/{name}", digest, use)


PINS = (
    pin("debian", "libstdc++6", "14.9-1", "GPL-3+, LGPL", INSTALLED),
    pin("debian", "libpocl2t64", "6.0-1", "MIT", CONTAINED),
    pin("debian", "libgcc-14-dev", "14.9-1", "GPL-3+", LINKED),
    pin("source", "python", "3.99", "Python-2.0", CONTAINED),
    pin("source", "numpy", "2.99", "BSD-3-Clause", CONTAINED),
    pin("source", "zlib", "1.99", "Zlib", LINKED),
    pin("source", "openmpi", "5.99", "BSD-3-Clause-Open-MPI", READ),
    pin("wheel", "mpich", "4.99", "LicenseRef-MPICH", CONTAINED),
    pin("wheel", "comm", "0.9", "BSD License", INSTALLED),
    pin("wheel", "tqdm", "4.0", "MPL-2.0 AND MIT", INSTALLED),
    pin("wheel", "numba-cuda", "0.30", "BSD-2-Clause", INSTALLED),
    pin("wheel", "nvidia-thing-cu12", "12.9", "LicenseRef-NVIDIA-Proprietary", INSTALLED),
    pin("wheel", "nvidia-other-cu12", "12.8", "NVIDIA Proprietary Software", INSTALLED),
)
EXPECTED = Expected(
    "small",
    "0.1.0",
    "An image",
    "BSD-3-Clause",
    "2026-11-20T09:37:21Z",
    PINS,
    listed={LIBRARY: "A Thing, which Attachment A lists"},
    brought={"numba-cuda": [HEADER]},
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def distribution(root: Path, name: str, version: str, files: dict[str, str]) -> None:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n"
    every = {f"{info}/METADATA": metadata, **{n.replace("@", info): t for n, t in files.items()}}
    for file, text in every.items():
        write(root / SITE / file, text)
    with (root / SITE / info / "RECORD").open("w", newline="") as stream:
        csv.writer(stream).writerows([file, "", ""] for file in every)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root folder of an image that holds these pins."""
    root = tmp_path / "root"
    write(root / "etc/os-release", 'ID=debian\nVERSION_ID="13"\n')
    write(
        root / "var/lib/dpkg/status",
        "Package: libstdc++6\nStatus: install ok installed\nVersion: 14.9-1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
    )
    for package in ("libstdc++6", "libpocl2t64"):
        write(root / "usr/share/doc" / package / "copyright", "free")
    distribution(root, "numpy", "2.99", {"numpy/__init__.py": ""})
    distribution(root, "comm", "0.9", {"@/licenses/LICENSE": "the text of comm"})
    distribution(root, "tqdm", "4.0", {})
    distribution(root, "pip", "26.0", {})
    distribution(root, "nvidia_thing_cu12", "12.9", {LIBRARY: "bytes", "@/License.txt": EULA})
    distribution(root, "nvidia_other_cu12", "12.8", {"@/licenses/License.txt": EULA})
    distribution(root, "numba_cuda", "0.30", {HEADER: "notice", "numba_cuda/a.py": ""})
    write(root / "opt/hpcpy/share/licenses/nvidia-cuda/License.txt", EULA)
    return root


def made(root: Path, expected: Expected = EXPECTED) -> str:
    return sbom(expected, look(root, distributions(path=[str(root / SITE)])))


def packages(text: str) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(text)["packages"]}


def test_it_is_what_the_standard_asks_for(root: Path) -> None:
    assert complaints(json.loads(made(root))) == []


def test_each_pin_is_told_with_version_address_hash_and_licence(root: Path) -> None:
    text = made(root)
    told = packages(text)
    assert {*told} == {"small", "pip", *(one.name for one in PINS)}
    for one in PINS:
        package = told[one.name]
        assert package["versionInfo"] == one.version
        assert package["downloadLocation"] == one.url
        assert package["checksums"] == [{"algorithm": "SHA256", "checksumValue": one.sha256}]
        assert package["licenseDeclared"]
    assert told["tqdm"]["licenseDeclared"] == "MPL-2.0 AND MIT"
    texts = {
        one["licenseId"]: one["extractedText"]
        for one in json.loads(text)["hasExtractedLicensingInfos"]
    }
    assert texts[told["comm"]["licenseDeclared"]] == "the text of comm"
    debian = texts[told["libstdc++6"]["licenseDeclared"]]
    assert "GPL-3+, LGPL" in debian
    assert "/usr/share/doc/libstdc++6/copyright" in debian


def test_how_each_is_in_the_image_is_told(root: Path) -> None:
    names = {one["SPDXID"]: name for name, one in packages(made(root)).items()}
    found = {
        (names.get(one["spdxElementId"]), one["relationshipType"], names[other])
        for one in json.loads(made(root))["relationships"]
        if (other := one["relatedSpdxElement"]) in names
    }
    assert found >= {
        ("small", "CONTAINS", "libpocl2t64"),
        ("small", "STATIC_LINK", "zlib"),
        ("small", "STATIC_LINK", "libgcc-14-dev"),
        ("openmpi", "BUILD_DEPENDENCY_OF", "small"),
        ("python", "CONTAINS", "pip"),
        (None, "DESCRIBES", "small"),
    }


def test_a_debian_package_names_its_source_where_that_is_called_otherwise(root: Path) -> None:
    status = root / "var/lib/dpkg/status"
    text = status.read_text()
    # dpkg names the source, with its version if that differs; otherwise the pin does, by the pool.
    status.write_text(text.replace("14.9-1\n", "14.9-1\nSource: gcc-14 (14.9)\n", 1))
    pins = tuple(replace(one, source="pocl") for one in PINS)
    told = packages(made(root, replace(EXPECTED, pins=pins)))
    purls = {
        name: one["externalRefs"][0]["referenceLocator"].partition("?")[2]
        for name, one in told.items()
        if "externalRefs" in one
    }
    assert purls["libstdc++6"] == "distro=debian-13&upstream=gcc-14%4014.9"
    assert purls["libpocl2t64"] == "distro=debian-13&upstream=pocl"
    assert purls["numpy"] == ""


def test_all_but_debians_packages_have_a_cpe_too(root: Path) -> None:
    pins = tuple(replace(one, cpe="madler:zlib" if one.name == "zlib" else "") for one in PINS)
    told = packages(made(root, replace(EXPECTED, pins=pins)))
    locators = {
        name: [reference["referenceLocator"] for reference in one["externalRefs"]]
        for name, one in told.items()
        if name not in ("small", "pip")
    }
    assert locators["zlib"] == [
        "pkg:generic/zlib@1.99",
        "cpe:2.3:a:madler:zlib:1.99:*:*:*:*:*:*:*",
    ]
    assert locators["mpich"][0] == "pkg:pypi/mpich@4.99"
    assert locators["python"][1] == "cpe:2.3:a:python:python:3.99:*:*:*:*:*:*:*"
    assert [len(locators[name]) for name in ("libstdc++6", "numpy", "comm")] == [1, 2, 2]


def test_nvidias_files_are_told_one_by_one_with_what_permits_them(root: Path) -> None:
    document = json.loads(made(root))
    files = {one["fileName"].removeprefix(f"./{SITE}/"): one for one in document["files"]}
    assert {name for name in files if ".dist-info/" not in name} == {LIBRARY, HEADER}
    assert sum(name.endswith("License.txt") for name in files) == 2
    assert files[LIBRARY]["comment"].startswith("A Thing, which Attachment A")
    assert files[HEADER]["comment"].startswith("brought by numba-cuda")
    digest = hashlib.sha256(b"bytes").hexdigest()
    assert {"algorithm": "SHA256", "checksumValue": digest} in files[LIBRARY]["checksums"]
    # One text for all, however a wheel calls it.
    (text,) = (
        one for one in document["hasExtractedLicensingInfos"] if one["extractedText"] == EULA
    )
    assert {one["licenseConcluded"] for one in files.values()} == {text["licenseId"]}
    told = packages(made(root))
    assert told["nvidia-other-cu12"]["licenseDeclared"] == text["licenseId"]
    assert told["numba-cuda"]["licenseDeclared"] == "BSD-2-Clause"


def test_the_bytes_depend_on_the_image_alone(root: Path) -> None:
    backwards = replace(EXPECTED, pins=PINS[::-1])
    assert made(root) == made(root, backwards)
    name = json.loads(made(root))["documentNamespace"]
    (root / SITE / LIBRARY).write_text("others")
    assert json.loads(made(root))["documentNamespace"] != name


def unpinned_package(root: Path) -> None:
    distribution(root, "stranger", "1", {})


def unpinned_debian_package(root: Path) -> None:
    with (root / "var/lib/dpkg/status").open("a") as stream:
        stream.write("\nPackage: vim\nStatus: install ok installed\nVersion: 9\n")


def lost_licence(root: Path) -> None:
    (root / "usr/share/doc/libpocl2t64/copyright").unlink()


def other_version(root: Path) -> None:
    write(root / SITE / "numpy-2.99.dist-info/METADATA", "Name: numpy\nVersion: 2.98\n")


def one_more_of_nvidias(root: Path) -> None:
    files = {LIBRARY: "bytes", "@/License.txt": EULA, "nvidia/ptxas": "tool"}
    distribution(root, "nvidia_thing_cu12", "12.9", files)


def one_less_of_nvidias(root: Path) -> None:
    (root / SITE / LIBRARY).unlink()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (unpinned_package, "the Python package stranger is in the image and not pinned"),
        (unpinned_debian_package, "the Debian package vim is in the image and not pinned"),
        (lost_licence, "the licences of the Debian package libpocl2t64 are not in the image"),
        (other_version, "Python package numpy is 2.98 in the image and 2.99 in its pin"),
        (one_more_of_nvidias, "nvidia/ptxas is not in env/cuda.toml"),
        (one_less_of_nvidias, "libthing.so.1 is not in the image"),
    ],
)
def test_an_image_that_is_not_its_pins_has_no_sbom(
    change: Callable[[Path], None], says: str, root: Path
) -> None:
    change(root)
    with pytest.raises(ValueError, match=says):
        made(root)


@pytest.mark.parametrize("gone", ["comm", "libstdc++6"])
def test_what_is_pinned_and_not_there_is_named(gone: str, root: Path) -> None:
    more = pin("debian", "zsh", "1", "MIT", INSTALLED), pin("wheel", "more", "1", "MIT", INSTALLED)
    with pytest.raises(ValueError, match=r"zsh is pinned and not .*; .* more is pinned and not"):
        made(root, replace(EXPECTED, pins=(*PINS, *more)))
    kept = tuple(one for one in PINS if one.name != gone)
    with pytest.raises(ValueError, match="is in the image and not pinned"):
        made(root, replace(EXPECTED, pins=kept))


def test_what_was_written_is_read() -> None:
    assert read(written(EXPECTED)) == EXPECTED


def test_of_an_image_on_another_the_sbom_is_the_upper_ones(tmp_path: Path) -> None:
    inside = "opt/hpcpy/share/hpcpy/sbom.spdx.json"
    write_archive(tmp_path / "both", [layer({inside: text}) for text in (b"lower", b"upper")])
    assert sbom_of(tmp_path / "both") == "upper"
    write_archive(tmp_path / "none", [layer({"a": b""})])
    with pytest.raises(UsageError, match="none has no SBOM"):
        sbom_of(tmp_path / "none")
