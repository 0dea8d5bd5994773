"""The programs that use packages of PyPI, and the lock of what they want."""

from __future__ import annotations

import tomllib

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.pins.packages import requested, wheels_for

PROGRAMS = tomllib.loads((paths.ROOT / "tests/packages/programs.toml").read_text(encoding="utf-8"))


def test_what_is_installed_is_what_somebody_uses() -> None:
    wanted = {one for name, each in PROGRAMS.items() for one in each.get("requires", [name])}
    assert sorted(wanted) == sorted(requested())


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"packages\.lock has no scypi"):
        wheels_for(["scypi"])
