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


WHEEL = "https://h.invalid/thing-7-py3-none-any.whl"
REFUSED = {
    "two 7 has no wheel for x86_64": listed(),
    "does not end in the name of a file": listed(WHEEL.replace("thing-", "..%2F..%2Fthing-")),
    "does not say how long it is": listed(WHEEL, size=0),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_no_lock_can_name_is_refused(says: str) -> None:
    with pytest.raises((UnavailableError, UsageError), match=says):
        best_wheels({"two": REFUSED[says]}, PYTHON, "x86_64")


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
