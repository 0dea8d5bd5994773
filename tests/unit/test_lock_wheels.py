"""Which wheel is locked, and the licence that it states."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.lock import uv
from hpcpy.lock.licences import from_metadata, of_wheel
from hpcpy.lock.python import best_wheels
from hpcpy.lock.wheel_tags import best, tags

PYTHON = (3, 14)
GLIBC = (2, 40)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("cp314-cp314-manylinux_2_28_x86_64", "py3-none-any"),
        ("cp314-cp314-manylinux_2_28_x86_64", "cp314-cp314-manylinux_2_17_x86_64"),
        ("cp312-abi3-manylinux_2_17_x86_64", "cp310-abi3-manylinux_2_17_x86_64"),
        ("py3-none-manylinux_2_5_x86_64.manylinux1_x86_64", "py3-none-any"),
        ("py2.py3-none-any", "cp314-cp314t-manylinux_2_28_x86_64"),
        ("py3-none-any", "cp314-cp314-manylinux_2_41_x86_64"),
        ("py3-none-any", "cp314-cp314-musllinux_1_2_x86_64"),
        ("py3-none-any", "cp314-cp314-manylinux_2_28_aarch64"),
    ],
)
def test_most_specific_wheel_that_fits_is_locked(better: str, worse: str) -> None:
    names = [f"thing-7-{tags}.whl" for tags in (worse, better)]
    fitting = tags(PYTHON, "x86_64", GLIBC)
    assert best(names, fitting) == names[1]
    assert best(names[::-1], fitting) == names[1]


def test_packages_without_a_wheel_that_fits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv, "ensure_venv", lambda: Path(sys.prefix))
    names = {"one": ["one-1-py3-none-any.whl"], "two": ["two-1-cp27-cp27m-win32.whl"]}
    found = {
        name: {
            "version": "1",
            "wheels": [{"url": f"https://h.invalid/{its[0]}", "hashes": {"sha256": "0"}}],
        }
        for name, its in names.items()
    }
    with pytest.raises(UnavailableError, match="two 1 has no wheel for aarch64"):
        best_wheels(found, PYTHON, "aarch64")
    assert best_wheels({"one": found["one"]}, PYTHON, "x86_64")["one"].url.endswith(names["one"][0])


def test_an_index_cannot_name_a_file_outside_the_cache() -> None:
    url = "https://h.invalid/..%2F..%2Fthing-7-py3-none-any.whl"
    package = {"version": "7", "wheels": [{"url": url, "hashes": {"sha256": "0"}}]}
    with pytest.raises(UsageError, match="does not end in the name of a file"):
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
