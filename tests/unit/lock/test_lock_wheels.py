"""Which wheel is locked, and the licence that it states."""

import zipfile
from pathlib import Path

import pytest

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.lock.python import best_wheels, from_metadata, of_wheel

PYTHON = (3, 14)


def listed(*urls: str, **more: object) -> dict[str, object]:
    """Return a package as uv lists it: with the wheels that fit."""
    wheels = [{"url": url, "size": 5, "hashes": {"sha256": "0"}, **more} for url in urls]
    return {"version": "7", "wheels": wheels}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("cp314-cp314-manylinux_2_28_x86_64", "py3-none-any"),
        ("cp314-cp314-manylinux_2_17_x86_64", "cp311-abi3-manylinux_2_17_x86_64"),
        ("cp310-abi3-manylinux_2_17_x86_64", "py3-none-any"),
    ],
)
def test_most_specific_wheel_is_locked(better: str, worse: str) -> None:
    urls = [f"https://h.invalid/thing-7-{tags}.whl" for tags in (worse, better)]
    for order in (urls, urls[::-1]):
        assert best_wheels({"thing": listed(*order)}, PYTHON, "x86_64")["thing"].url == urls[1]


def test_packages_without_a_wheel_that_fits_are_named() -> None:
    with pytest.raises(UnavailableError, match="two 7 has no wheel for aarch64"):
        best_wheels({"two": listed()}, PYTHON, "aarch64")


def test_an_index_cannot_name_a_file_outside_the_cache() -> None:
    package = listed("https://h.invalid/..%2F..%2Fthing-7-py3-none-any.whl")
    with pytest.raises(UsageError, match="does not end in the name of a file"):
        best_wheels({"thing": package}, PYTHON, "x86_64")


def test_a_wheel_of_unknown_size_is_not_locked() -> None:
    package = listed("https://h.invalid/thing-7-py3-none-any.whl", size=0)
    with pytest.raises(UnavailableError, match="does not say how long it is"):
        best_wheels({"thing": package}, PYTHON, "x86_64")


@pytest.mark.parametrize(
    ("metadata", "stated"),
    [
        ("License-Expression: BSD-3-Clause AND MIT\nLicense: other", "BSD-3-Clause AND MIT"),
        ("License: Apache License 2.0", "Apache-2.0"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", "MIT"),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
            "MIT AND MPL-2.0",
        ),
        ("Name: thing", "see metadata"),
    ],
)
def test_licence_is_read_from_the_metadata(metadata: str, stated: str) -> None:
    assert from_metadata(f"Metadata-Version: 2.4\n{metadata}\n\nLicense: body\n") == stated


def test_licence_is_that_of_the_wheel_and_not_of_a_vendored_package(tmp_path: Path) -> None:
    wheel = tmp_path / "thing-7-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/_vendor/other-1.dist-info/METADATA", "License: GPL\n\n")
        archive.writestr("thing-7.dist-info/METADATA", "License: MIT\n\n")
    assert of_wheel(wheel) == "MIT"
