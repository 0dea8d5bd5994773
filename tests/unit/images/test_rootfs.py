"""The root filesystem: of packages that apt itself reads, mounted as it may be, and tidied."""

import shutil
import stat
import sys
from pathlib import Path

import pytest
from processes import environment, mounted
from small_deb import downloaded, make_deb

from hpcpy.core import paths
from hpcpy.fetch.apt import PrivateApt
from hpcpy.images.rootfs import source_line, write_index
from hpcpy.pins.model import DebianSuite
from hpcpy_common.errors import IntegrityError, UnavailableError
from running import executable, printed, run

needs_dpkg = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg on this machine")


@needs_dpkg
def test_apt_resolves_and_verifies_from_the_index(tmp_path: Path) -> None:
    debs = [make_deb(tmp_path / "zlast"), make_deb(tmp_path / "first", "Depends: zlast\n")]
    repository = tmp_path / 'it\'s a "repository" [x] 50% & ä'
    repository.mkdir()
    assert write_index(repository, debs) == ["first", "zlast"]
    try:
        suites = (DebianSuite("debian", "stable"),)
        mirrors = {"debian": "http://mirror.invalid"}
        private = PrivateApt(tmp_path / "apt", suites, mirrors, "amd64")
    except UnavailableError as error:
        pytest.skip(str(error))
    (tmp_path / "apt/sources.list").write_text(f"{source_line(repository)}\n")
    release = ("-o", "APT::Default-Release=")
    private.output("apt-get", "update", "--error-on=any", *release)
    listed = private.output("apt-get", "install", "--print-uris", "-qq", *release, "first")
    names = {line.rsplit(" ", 3)[1] for line in listed.splitlines()}
    assert names == {"first_1%3a2.0-1_all.deb", "zlast_1%3a2.0-1_all.deb"}
    private.output("apt-get", "download", *release, "first", cwd=tmp_path)
    assert len(list(tmp_path.glob("first_*.deb"))) == 2 or list(tmp_path.glob("first_1%3a*"))


@needs_dpkg
def test_file_that_is_no_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken_1_all.deb").write_bytes(b"half a pack")
    (tmp_path / "out").mkdir()
    with pytest.raises(IntegrityError, match=r"broken_1_all\.deb"):
        write_index(tmp_path / "out", [downloaded(tmp_path / "broken_1_all.deb")])


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


CODE = """
import sys
from pathlib import Path
from hpcpy.images.buildah import require_bindable
from hpcpy.engine.tools import Version
from hpcpy_common.errors import UnavailableError
try:
    require_bindable(Path(sys.argv[1]), Version(tuple(map(int, sys.argv[2].split(".")))))
except UnavailableError as error:
    print(error)
"""


def said(folder: Path, options: str, version: str) -> str:
    """Return the error for a tmpfs that is mounted on a folder with some options, or ""."""
    before = mounted(folder, f'mount -t tmpfs -o {options} none "$0"')
    return printed(run(*before, sys.executable, "-c", CODE, folder, version, env=environment()))


def test_a_folder_that_cannot_be_bound_is_refused_in_one_line(tmp_path: Path) -> None:
    told = said(tmp_path, "nosuid,nodev", "1.28.2")
    assert told.startswith(f"{tmp_path}: its file system is mounted nosuid or nodev")
    assert told.count("\n") == 1
    # Another version or folder is taken.
    assert said(tmp_path, "nosuid", "1.33.7") == said(tmp_path, "noatime", "1.28.2") == ""
