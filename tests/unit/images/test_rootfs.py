"""Locked packages become a repository that apt itself can read."""

import shutil
from pathlib import Path

import pytest
from small_deb import downloaded, make_deb

from hpcpy.core.errors import IntegrityError, UnavailableError
from hpcpy.fetch.apt import PrivateApt
from hpcpy.images.rootfs import source_line, write_index
from hpcpy.pins.model import DebianSuite

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg on this machine")


def test_apt_resolves_and_verifies_from_the_index(tmp_path: Path) -> None:
    debs = [make_deb(tmp_path / "zlast"), make_deb(tmp_path / "first", "Depends: zlast\n")]
    repository = tmp_path / 'it\'s a "repository" [x] 50% & ä'
    repository.mkdir()
    assert write_index(repository, debs) == ["first", "zlast"]
    try:
        private = PrivateApt(
            tmp_path / "apt",
            (DebianSuite("debian", "stable"),),
            {"debian": "http://mirror.invalid"},
            "amd64",
        )
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


def test_file_that_is_no_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken_1_all.deb").write_bytes(b"half a pack")
    (tmp_path / "out").mkdir()
    with pytest.raises(IntegrityError, match=r"broken_1_all\.deb"):
        write_index(tmp_path / "out", [downloaded(tmp_path / "broken_1_all.deb")])
