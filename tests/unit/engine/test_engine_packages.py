"""What is said where packages may not be installed."""

import os
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.engine import setup, tools
from hpcpy.engine.tools import all_tools, needed
from hpcpy.launch.command import engine_program
from hpcpy.launch.site import Site
from running import executable

BARE = [tool for tool in all_tools() if tool.provided == "apt"]


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine that has apt-get and nothing else."""
    apt = executable(tmp_path / "bin/apt-get", f"#!/bin/sh\ntouch {tmp_path}/apt-was-run\n")
    monkeypatch.setenv("PATH", str(apt.parent))
    monkeypatch.setattr(tools, "SBIN", ())
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "TOOLS", tmp_path / "build/tools")
    monkeypatch.delenv("SETUP", raising=False)
    return tmp_path


def test_setup_no_installs_nothing_and_says_what_to_type(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETUP", "no")
    with pytest.raises(UnavailableError) as caught:
        setup.ensure("build")
    assert caught.value.exit_code == 69
    message = str(caught.value)
    assert "SETUP=no forbids it" in message
    assert (
        "an administrator would type: apt-get install --no-install-recommends "
        "buildah skopeo mmdebstrap" in message
    )
    assert "\n" not in message
    assert not (debian / "apt-was-run").exists()


def test_ordinary_user_is_told_what_an_administrator_would_type(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnavailableError, match=r"only root may.*apt-get install"):
        setup.install(needed(["podman"]))
    assert not (debian / "apt-was-run").exists()


def test_machine_without_apt_is_told_the_programs_it_lacks(
    debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(debian))
    with pytest.raises(UnavailableError) as caught:
        setup.install(needed(["build"]))
    assert "buildah >= 1.28" in str(caught.value)
    assert "not a Debian or Ubuntu" in str(caught.value)
    assert "system's own means" in str(caught.value)


def test_packages_are_listed_before_apt_runs(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(paths, "LOGS", debian / "build/logs")
    monkeypatch.setenv("PATH", f"{debian / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    setup.install(BARE)
    said = capfd.readouterr().err
    listed, done = said.index("SETUP=no forbids it"), said.index("install packages with apt-get")
    assert listed < said.index("buildah") < done
    assert (debian / "apt-was-run").exists()


def test_a_launch_installs_nothing(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(UnavailableError, match=r"^missing: podman.*; run: make setup TOOLS=podman"):
        engine_program("podman", Site("a", "site"), is_run=True)
    assert not (debian / "apt-was-run").exists()
