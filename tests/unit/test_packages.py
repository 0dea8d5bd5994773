"""Packages of PyPI: the table of what is done with them, its lock, and what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hpcpy.commands import run
from hpcpy.errors import UsageError
from hpcpy.packages import report
from hpcpy.packages.pins import asked, wheels_for
from hpcpy.packages.programs import programs
from hpcpy.pins.wheels import locked

GOOD = {"inputs": "1", "output": "42\n", "reason": "", "disk": 2_000_000}
OTHER = GOOD | {"output": "43\n"}
BROKEN = GOOD | {"output": "", "reason": "ImportError: no x"}
FAILS = "fails: `ImportError: no x`"


def row(**images: Any) -> dict[str, Any]:
    return {"version": "1.0", "bytes": 1_000_000, **images}


def test_what_is_installed_is_what_somebody_uses() -> None:
    wanted = {name for program in programs().values() for name in program.requires}
    assert sorted(wanted) == sorted(asked())
    assert len(programs()) >= 60


@pytest.mark.parametrize("name", programs())
def test_each_is_python_and_has_its_wheels(name: str) -> None:
    program = programs()[name]
    compile(program.use, name, "exec")
    wheels = wheels_for(program.requires)
    assert set(program.requires) <= {wheel.name for wheel in wheels}
    # A package that the image has is here in the same version.
    image = {
        package: table.text("version")
        for package, table in locked().items()
        if "image" in table.texts("groups")
    }
    for wheel in wheels:
        assert image.get(wheel.name, wheel.version) == wheel.version


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no package 'scypi'"):
        run(["test-packages", "scypi"])
    with pytest.raises(UsageError, match=r"packages\.lock has no scypi"):
        wheels_for(["scypi"])


@pytest.mark.parametrize(
    ("images", "here", "there", "is_good"),
    [
        ({"hpcpy": GOOD}, "works", "not run", True),
        ({"hpcpy": OTHER, "wheels": GOOD}, *["prints something else"] * 2, False),
        ({"hpcpy": BROKEN, "wheels": GOOD}, FAILS, "works", False),
        ({"hpcpy": BROKEN, "wheels": BROKEN}, FAILS, FAILS, True),
        ({"wheels": GOOD}, "not run", "works", True),
    ],
)
def test_below_the_table_stands_what_does_not_work_in_both(
    images: dict[str, Any], here: str, there: str, is_good: bool
) -> None:
    one = row(**images)
    *_, cells, _, said = report.table({"x": one}).splitlines()
    assert cells == "| x | 1.0 | 2 |"
    assert said == f"- x: here {here}; with the wheels' Python {there}"
    assert report.is_good(one) is is_good


def test_what_works_in_both_is_a_row_alone() -> None:
    one = row(hpcpy=GOOD, wheels=GOOD)
    assert report.table({"x": one}).splitlines()[-1] == "| x | 1.0 | 2 |"
    assert report.is_good(one)


def test_the_page_keeps_all_but_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "packages.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "packages.md")
    report.PAGE.write_text("before\n<!-- table -->\nold\n<!-- end of the table -->\nafter\n")
    assert report.read() == {}
    report.write({"x": row(hpcpy=GOOD)})
    assert report.read() == {"x": row(hpcpy=GOOD)}
    text = report.PAGE.read_text()
    assert text.startswith("before\n<!-- table -->\n| package |")
    assert text.endswith("with the wheels' Python not run\n<!-- end of the table -->\nafter\n")


def test_the_committed_table_is_that_of_the_committed_results() -> None:
    assert report.table(report.read()) in report.PAGE.read_text()
