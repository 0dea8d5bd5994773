"""What is locked: wheels, packages, licences; one package moves, and no other byte.

A stand-in for uv resolves, the rest is real.
"""

import datetime
import shutil
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_deb import make_deb

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.lock import python
from hpcpy.lock.command import dated, render
from hpcpy.lock.python import best_wheels, from_metadata, of_debs, of_wheel
from hpcpy.pins.model import GROUPS
from hpcpy_common.errors import UnavailableError, UsageError

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


APPROVED = "Classifier: License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("metadata", "stated"),
    [
        ("License-Expression: BSD-3-Clause AND MIT\nLicense: other", "BSD-3-Clause AND MIT"),
        ("License: Apache License 2.0", "Apache-2.0"),
        (f"License: UNKNOWN\n{APPROVED}MIT License", "MIT"),
        (
            f"{APPROVED}MIT License\n{APPROVED}Mozilla Public License 2.0 (MPL 2.0)",
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


MACHINE_READABLE = """Format: copyright-format
Files: *
License: GPL-2+

Files: lib/*
License: LGPL-2.1+ or MIT

License: GPL-2+
 Some text, with the word License: in it.
"""


def documented(root: Path, *, linked_to: str = "", text: str = "") -> Path:
    doc = root / "usr/share/doc" / root.name
    doc.parent.mkdir(parents=True)
    if linked_to:
        doc.symlink_to(linked_to)
    else:
        doc.mkdir()
        (doc / "copyright").write_text(text)
    return make_deb(root)


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb on this machine")
def test_licence_of_a_package_without_documentation_is_that_of_the_linked_one(
    tmp_path: Path,
) -> None:
    packages = {
        "thing-dev": documented(tmp_path / "thing-dev", linked_to="thing"),
        "thing": documented(tmp_path / "thing", text=MACHINE_READABLE),
        "round": documented(tmp_path / "round", linked_to="trip"),
        "trip": documented(tmp_path / "trip", linked_to="round"),
        "lost": documented(tmp_path / "lost", linked_to="elsewhere"),
        "free": documented(tmp_path / "free", text="See /usr/share/common-licenses/GPL-3, and /."),
    }
    assert of_debs(packages) == {
        "thing-dev": "GPL-2+, LGPL-2.1+ or MIT",
        "thing": "GPL-2+, LGPL-2.1+ or MIT",
        "round": "see copyright",
        "trip": "see copyright",
        "lost": "see copyright",
        "free": "GPL-3",
    }


DIGEST = "0" * 64


def blocks(lock: Path) -> dict[str, str]:
    return {block.partition("\n")[0]: block for block in lock.read_text().split("\n\n")}


def uv_resolves(monkeypatch: pytest.MonkeyPatch, newest: dict[str, str]) -> list[dict[str, str]]:
    """Stand in for uv, which takes the newest within constraints; return those of each call."""
    held: list[dict[str, str]] = []

    def compile_lock(output: Path, _inputs: Iterable[Path], *options: str) -> None:
        (constraint,) = (word for word in options if word.startswith("--constraint="))
        lines = Path(constraint.partition("=")[2]).read_text().splitlines()
        held.append(dict(line.split("==") for line in lines))
        text = "\n".join(
            f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{{ '
            f'url = "https://h.invalid/{name}-{version}-py3-none-any.whl", '
            f'size = 5, hashes = {{ sha256 = "{DIGEST[:-1]}1" }} }}]\n'
            for name, version in (newest | held[-1]).items()
        )
        output.write_text(text)

    monkeypatch.setattr(python, "compile_lock", compile_lock)
    return held


def wheel(name: str, version: str) -> dict[str, Any]:
    url = f"https://h.invalid/{name}-{version}-py3-none-any.whl"
    its = {"url": url, "size": 5, "sha256": DIGEST}
    return {
        "version": version,
        "licence": "MIT",
        "groups": list(GROUPS),
        "wheels": {"x86_64": its, "aarch64": its},
    }


def test_python_package_moves_and_no_other_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in GROUPS.values():
        (tmp_path / name).write_text("numbers\n")
    for name in ("sources.toml", "debian.toml"):
        (tmp_path / name).write_text((paths.ENV / name).read_text())
    for name in ("ENV", "BUILD", "LOGS"):
        monkeypatch.setattr(paths, name, tmp_path)
    lock = tmp_path / "python.lock"
    old = {"packages": {name: wheel(name, "1") for name in ("arrays", "numbers")}}
    header = "Made from python*.in by `make lock`, which prints what moves;"
    lock.write_text(render(old, f"{header} not to be edited."))
    before = blocks(lock)
    held = uv_resolves(monkeypatch, {"arrays": "2", "numbers": "2"})
    asked: list[str] = []

    def completed(found: dict[str, python.Locked]) -> None:
        asked.extend(name for name, package in found.items() if not package.licence)

    monkeypatch.setattr(python, "_add_licences", completed)
    assert run(["lock", "python", "--only", "numbers"]) == 0
    assert capsys.readouterr().out == "python.lock:\n  numbers 1 -> 2\n"
    after = blocks(lock)
    assert before["[packages.arrays]"] == after["[packages.arrays]"]
    assert {name for name in before if before[name] != after[name]} == {
        f"[packages.numbers{table}]" for table in ("", ".wheels.x86_64", ".wheels.aarch64")
    }
    # `arrays` was held, and only the licence of `numbers` was asked for.
    assert held[0] == {"arrays": "1"}
    assert asked == ["numbers"]


def deb(source: str, version: str, **more: object) -> dict[str, Any]:
    return {"version": version, "path": f"pool/main/{source[0]}/{source}/a.deb", **more}


BEFORE, AFTER = (datetime.datetime(2026, month, 1, tzinfo=datetime.UTC) for month in (5, 6))


def test_debians_packages_of_one_source_move_and_no_other_nor_the_date_of_builds() -> None:
    old = {
        "libssl3": deb("openssl", "1"),
        "perl": deb("perl", "1"),
        "zlib": deb("zlib", "1", timestamp=BEFORE),
    }
    moved = {name: deb("openssl", "2") for name in ("libssl3", "openssl")}
    lock = {"timestamp": BEFORE, "packages": {"x86_64": old}}
    new = dated(lock, {"x86_64": moved}, AFTER, frozenset(["openssl"]))
    expected = {name: deb("openssl", "2", timestamp=AFTER) for name in moved}
    kept = {name: old[name] for name in ("perl", "zlib")}
    assert new == {"timestamp": BEFORE, "packages": {"x86_64": expected | kept}}
    # All together, they have one time, which is that of a build.
    every = {name: deb(name, "2") for name in old}
    assert dated(lock, {"x86_64": every}, AFTER)["timestamp"] == AFTER


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TIMES = st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2999, 1, 1)).map(
    lambda time: time.replace(microsecond=0, tzinfo=datetime.UTC)
)
PLAIN = st.one_of(TEXTS, st.integers(-(2**63), 2**63 - 1), TIMES, st.lists(TEXTS, max_size=3))
TABLES = st.recursive(
    st.dictionaries(TEXTS, PLAIN, min_size=1, max_size=4),
    lambda inner: st.dictionaries(TEXTS, st.one_of(PLAIN, inner), min_size=1, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLES)
def test_what_is_written_is_what_is_read(values: dict[str, object]) -> None:
    assert tomllib.loads(render(values, "a header")) == values
