"""The last step of the root filesystem leaves what it must not touch.

What it removes is looked for in the image itself: `tests/launch/test_image_files.py`.
"""

import stat
from pathlib import Path

from hpcpy.core import paths
from running import executable, run

CUSTOMIZE = paths.CONTAINERS / "base" / "customize.sh"
FOLDERS = "etc/apt etc/security home dev tmp var/log var/cache"


def test_what_mmdebstrap_needs_stays_and_a_random_name_goes(tmp_path: Path) -> None:
    root, bin_ = tmp_path / "root", tmp_path / "bin"
    for folder in FOLDERS.split():
        (root / folder).mkdir(parents=True)
    for file in ("etc/apt/sources.list", "etc/passwd", "etc/group", "dev/console", "tmp/apt.conf"):
        (root / file).write_text("kept\n")
    (root / "dev/console").chmod(0o600)
    # Only root can chown a folder, and only a real root filesystem has localedef; any
    # user can run the rest of the script.
    for program in ("chown", "chroot"):
        executable(bin_ / program, "#!/bin/sh\n")
    run("sh", CUSTOMIZE, root, env={"PATH": f"{bin_}:/usr/sbin:/usr/bin:/sbin:/bin"}, check=True)
    # Without this file, mmdebstrap's clean-up ran `apt-get update` on the host's lists.
    assert (root / "tmp/apt.conf").exists()
    # Where an ordinary user builds it is the host's own.
    assert stat.S_IMODE((root / "dev/console").stat().st_mode) == 0o600
    # The build's folder has a random name: the image would differ from build to build.
    assert not (root / "etc/apt/sources.list").exists()
