"""The prefix is whole, made for its place, and never half there."""

import sys
from pathlib import Path

import pytest
from processes import environment, read_only

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.engine import prefix, tools
from running import executable, run


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a checkout whose prefix looks whole."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "build/tools")
    text = "#!/bin/sh\necho apptainer version 1.4.5\n"
    program = executable(prefix.prefix() / "usr/bin/apptainer", text)
    prefix.relink(prefix.command(), program)
    (prefix.prefix() / "stamp").write_text(prefix.stamp())
    return tmp_path


def test_prefix_of_a_moved_checkout_is_made_anew(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "build").rename(checkout / "moved")
    monkeypatch.setattr(paths, "TOOLS", checkout / "moved/tools")
    assert prefix.command().exists()
    assert not prefix.is_ready()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tools, "SBIN", ())
    with pytest.raises(UnavailableError, match=r"no Apptainer .*make setup"):
        prefix.find_apptainer()


READER = """
import os, sys
from pathlib import Path
from hpcpy.core import paths
from hpcpy.engine import setup, tools
from hpcpy.core.errors import UnavailableError
paths.BUILD = Path(sys.argv[1])
paths.TOOLS = paths.BUILD / "tools"
tools.SBIN = ()
os.environ["PATH"] = ""
try:
    setup.ensure("apptainer")
except UnavailableError as error:
    print(error)
"""


def test_who_cannot_write_a_copied_checkout_is_told_what_to_do(checkout: Path) -> None:
    build = (checkout / "build").rename(checkout / "moved")
    done = run(*read_only(build), sys.executable, "-c", READER, build, env=environment())
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert ".lock" not in done.stdout
    assert done.stdout.endswith("; its owner types make setup, or put one on PATH\n")


@pytest.mark.usefixtures("checkout")
def test_prefix_whose_making_was_killed_is_not_ready() -> None:
    prefix.command().unlink()
    assert not prefix.is_ready()
    (prefix.prefix() / "stamp").unlink()
    assert not prefix.is_ready()
