"""The programs that use packages of PyPI, and the lock of what they want."""

from __future__ import annotations

import tomllib

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.pins.packages import asked, wheels_for
from hpcpy.pins.wheels import locked

PROGRAMS = tomllib.loads((paths.ROOT / "tests/packages/programs.toml").read_text(encoding="utf-8"))


def test_what_is_installed_is_what_somebody_uses() -> None:
    wanted = {one for name, each in PROGRAMS.items() for one in each.get("requires", [name])}
    assert sorted(wanted) == sorted(asked())
    assert len(PROGRAMS) >= 60


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_is_python_and_has_its_wheels(name: str) -> None:
    assert {*PROGRAMS[name]} <= {"use", "requires", "heavy"}
    compile(PROGRAMS[name]["use"], name, "exec")
    requires = PROGRAMS[name].get("requires", [name])
    wheels = wheels_for(requires)
    assert set(requires) <= {wheel.name for wheel in wheels}
    # A package that the image has is here in the same version.
    image = {
        package: table.text("version")
        for package, table in locked().items()
        if "image" in table.texts("groups")
    }
    for wheel in wheels:
        assert image.get(wheel.name, wheel.version) == wheel.version


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"packages\.lock has no scypi"):
        wheels_for(["scypi"])
