"""A lock is read back as it was written; one Python package moves in it, and no other byte.

A stand-in for uv resolves, the rest is real.
"""

import datetime
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.lock import python
from hpcpy.lock.command import render
from hpcpy.pins.model import GROUPS

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
    assert tomllib.loads(render(values, "a header\nof two lines")) == values
