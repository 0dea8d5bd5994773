"""The last step of the root filesystem touches what it should, and no more."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from hpcpy import paths

CUSTOMIZE = paths.CONTAINERS / "base" / "customize.sh"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (
        "etc/apt",
        "etc/security",
        "home",
        "dev",
        "tmp",
        "usr/bin",
        "var/log",
        "var/cache/x",
    ):
        (tmp_path / folder).mkdir(parents=True)
    for file in (
        "etc/apt/sources.list",
        "etc/passwd",
        "etc/group",
        "etc/hostname",
        "etc/resolv.conf",
        "etc/shadow",
        "dev/console",
        "tmp/apt.conf",
    ):
        (tmp_path / file).write_text("kept\n")
    (tmp_path / "var/log/dpkg.log").write_text("when\n")
    (tmp_path / "usr/bin/su").write_text("program\n")
    (tmp_path / "usr/bin/su").chmod(0o4711)
    (tmp_path / "dev/console").chmod(0o600)
    # Only root can chown a folder, and only a real root filesystem has localedef; any
    # user can run the rest of the script.
    fake = tmp_path.parent / "bin"
    fake.mkdir(exist_ok=True)
    for program in ("chown", "chroot"):
        (fake / program).write_text("#!/bin/sh\n")
        (fake / program).chmod(0o755)
    subprocess.run(
        ["sh", CUSTOMIZE, tmp_path],
        check=True,
        env={"PATH": f"{fake}:/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    return tmp_path


def test_mmdebstraps_own_apt_configuration_stays(root: Path) -> None:
    # Without this file, mmdebstrap's clean-up ran `apt-get update` on the host's lists.
    assert (root / "tmp/apt.conf").exists()


def test_devices_are_left_alone(root: Path) -> None:
    assert stat.S_IMODE((root / "dev/console").stat().st_mode) == 0o600


def test_no_program_stays_setuid_and_all_can_be_read(root: Path) -> None:
    assert stat.S_IMODE((root / "usr/bin/su").stat().st_mode) == 0o755


def test_passwords_and_logs_are_gone(root: Path) -> None:
    assert not (root / "etc/shadow").exists()
    assert not list((root / "var/log").iterdir())
    assert not list((root / "var/cache").iterdir())


def test_name_and_name_server_of_the_machine_are_gone(root: Path) -> None:
    # Two machines would make two images.
    for name in ("etc/hostname", "etc/resolv.conf"):
        assert (root / name).read_text() == ""
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o644


def test_there_is_a_user_that_is_not_root(root: Path) -> None:
    assert "hpcpy:x:1000:1000:" in (root / "etc/passwd").read_text()


def test_the_folder_of_the_build_is_not_left_as_a_source_of_packages(root: Path) -> None:
    # It has a random name: the image would differ from build to build.
    assert not (root / "etc/apt/sources.list").exists()
