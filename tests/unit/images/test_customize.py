"""The last step of the root filesystem touches what it should, and no more."""

import stat
from pathlib import Path

import pytest

from hpcpy.core import paths
from running import executable, run

CUSTOMIZE = paths.CONTAINERS / "base" / "customize.sh"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folders = "etc/apt etc/security home dev tmp usr/bin var/log var/cache/x"
    for folder in folders.split():
        (tmp_path / folder).mkdir(parents=True)
    files = "apt/sources.list passwd group hostname resolv.conf shadow"
    for file in (*(f"etc/{name}" for name in files.split()), "dev/console", "tmp/apt.conf"):
        (tmp_path / file).write_text("kept\n")
    (tmp_path / "var/log/dpkg.log").write_text("when\n")
    (tmp_path / "usr/bin/su").write_text("program\n")
    (tmp_path / "usr/bin/su").chmod(0o4711)
    (tmp_path / "dev/console").chmod(0o600)
    # Only root can chown a folder, and only a real root filesystem has localedef; any
    # user can run the rest of the script.
    fake = tmp_path.parent / "bin"
    for program in ("chown", "chroot"):
        executable(fake / program, "#!/bin/sh\n")
    path = f"{fake}:/usr/sbin:/usr/bin:/sbin:/bin"
    run("sh", CUSTOMIZE, tmp_path, env={"PATH": path}, check=True)
    return tmp_path


def test_what_mmdebstrap_needs_stays_and_what_tells_machines_apart_goes(root: Path) -> None:
    # Without this file, mmdebstrap's clean-up ran `apt-get update` on the host's lists.
    assert (root / "tmp/apt.conf").exists()
    assert stat.S_IMODE((root / "dev/console").stat().st_mode) == 0o600
    for name in ("etc/hostname", "etc/resolv.conf"):
        assert (root / name).read_text() == ""
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o644
    # The build's folder has a random name: the image would differ from build to build.
    assert not (root / "etc/apt/sources.list").exists()


def test_no_program_stays_setuid_and_passwords_and_logs_are_gone(root: Path) -> None:
    assert stat.S_IMODE((root / "usr/bin/su").stat().st_mode) == 0o755
    assert not (root / "etc/shadow").exists()
    assert not list((root / "var/log").iterdir())
    assert not list((root / "var/cache").iterdir())
    assert "hpcpy:x:1000:1000:" in (root / "etc/passwd").read_text()
