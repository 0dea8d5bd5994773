"""apt of our own: its mirror from the machine, nothing else of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hpcpy import apt
from hpcpy.apt import PrivateApt, Suite, debian_mirrors
from hpcpy.errors import UnavailableError

needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt on this machine")
MIRRORS = {"debian": "http://mirror.invalid/debian"}


def test_mirror_of_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPCPY_DEBIAN_MIRROR", "http://mirror.invalid/pub/debian/")
    assert debian_mirrors() == {
        "debian": "http://mirror.invalid/pub/debian",
        "debian-security": "http://mirror.invalid/pub/debian-security",
    }


def test_machine_without_apt_has_no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HPCPY_DEBIAN_MIRROR", raising=False)
    monkeypatch.setenv("PATH", "")
    assert debian_mirrors() == {}


def test_missing_mirror_is_named_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"debian-security.*HPCPY_DEBIAN_MIRROR"):
        PrivateApt(tmp_path, (Suite("debian-security", "stable-security"),), MIRRORS)
    assert list(tmp_path.iterdir()) == []


def test_missing_keyring_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "KEYRINGS", tmp_path / "keyrings")
    with pytest.raises(UnavailableError, match="debian-archive-keyring"):
        PrivateApt(tmp_path / "apt", (Suite("debian", "stable"),), MIRRORS)


@pytest.fixture
def private(tmp_path: Path) -> PrivateApt:
    try:
        return PrivateApt(tmp_path / "apt", (Suite("debian", "stable"),), MIRRORS, "arm64")
    except UnavailableError as error:
        pytest.skip(str(error))


@needs_apt
def test_configuration_leaves_the_hosts_packages_and_hooks_out(private: PrivateApt) -> None:
    shown = dict(
        line.rstrip(";").split(" ", 1)
        for line in private.output("apt-config", "dump").splitlines()
        if " " in line
    )
    for name in ("Dir::State", "Dir::State::lists", "Dir::State::status", "Dir::Cache"):
        assert shown[name].startswith(f'"{private.folder}')
    assert shown["APT::Architecture"] == '"arm64"'
    assert not [name for name in shown if "Invoke" in name and shown[name] != '""']
    listed = subprocess.run(
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"],
        env=private.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(listed.stdout.split()) == {f"{MIRRORS['debian']}/"}


@needs_apt
def test_failure_of_apt_is_its_first_error_line(private: PrivateApt) -> None:
    with pytest.raises(UnavailableError, match="apt-get download: E: ") as caught:
        private.output("apt-get", "download", "hpcpy-not-there")
    assert "\n" not in str(caught.value)
