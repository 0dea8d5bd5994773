"""A package's files are unpacked as dpkg does, where there is no dpkg."""

import shutil
from pathlib import Path

import pytest
from small_deb import make_deb

from hpcpy.core.errors import IntegrityError
from hpcpy.fetch.deb import unpack
from running import run


def tree(folder: Path) -> dict[str, object]:
    seen: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        what = str(path.readlink()) if path.is_symlink() else ""
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        name = str(path.relative_to(folder))
        # Nobody reads the times of links and folders, which dpkg sets in part.
        time = int(status.st_mtime) if path.is_file() and not what else 0
        seen[name] = (status.st_mode, status.st_uid, time, what, content)
    return seen


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb to compare with")
def test_files_are_as_of_dpkg(tmp_path: Path) -> None:
    root = tmp_path / "package"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/program").write_bytes(b"\x7fELF" * 999)
    (root / "usr/bin/program").chmod(0o4755)
    (root / "usr/bin/other").hardlink_to(root / "usr/bin/program")
    (root / "usr/closed").mkdir(mode=0o700)
    (root / "usr/bin/link").symlink_to("program")
    (root / "usr/out").symlink_to("/etc/alternatives/x")
    (root / "usr/name with é").write_text("")
    deb = make_deb(root)
    run("dpkg-deb", "--extract", deb, tmp_path / "dpkg", check=True)
    unpack(deb, tmp_path / "own")
    assert tree(tmp_path / "own") == tree(tmp_path / "dpkg")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"!<arch>\n", b"!<arch>\ndebian-binary"])
def test_what_is_no_package_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.deb").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"x\.deb: is no Debian package"):
        unpack(tmp_path / "x.deb", tmp_path / "own")
