"""Debian packages: those that have left the mirror, and files as dpkg unpacks them."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving_server import Server, ranged, serving
from small_deb import make_deb

from hpcpy.core import paths
from hpcpy.fetch.apt import parse_uris
from hpcpy.fetch.deb import unpack
from hpcpy.fetch.debian import fetch_debs
from hpcpy_common.errors import IntegrityError, UnavailableError
from running import run

BODY = b"the locked package"
WANTED = """
architectures = ["x86_64"]
snapshot = "{server}/archive/{{archive}}/{{timestamp}}/{{path}}"
suites = [{{ archive = "debian", name = "stable" }}]
[sets.base]
packages = ["thing"]
"""
LOCK = """
timestamp = 2001-02-03T04:05:06Z
[packages.x86_64.thing]
version = "1:7+b1"
sets = ["base"]
size = {size}
sha256 = "{sha256}"
licence = "GPL-2+"
archive = "debian"
path = "pool/main/t/thing/thing_7+b1_amd64.deb"
"""
MIRROR_PATH = "/debian/pool/main/t/thing/thing_7%2Bb1_amd64.deb"

pytestmark = pytest.mark.usefixtures("patience")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as running:
        (tmp_path / "debian.toml").write_text(WANTED.format(server=running.url))
        digest = hashlib.sha256(BODY).hexdigest()
        (tmp_path / "debian.lock").write_text(LOCK.format(size=len(BODY), sha256=digest))
        monkeypatch.setattr(paths, "ENV", tmp_path)
        monkeypatch.setenv("HPCPY_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HPCPY_DEBIAN_MIRROR", f"{running.url}/debian")
        yield running


SNAPSHOT = f"/archive/debian/20010203T040506Z/{MIRROR_PATH.removeprefix('/debian/')}"


@pytest.mark.parametrize("place", [MIRROR_PATH, SNAPSHOT], ids=["the mirror", "the snapshot"])
def test_locked_package_comes_from_the_mirror_or_the_snapshot_of_the_lock(
    server: Server, place: str
) -> None:
    server.answers[place] = [ranged(BODY)]
    found = fetch_debs("base", "x86_64")
    assert found["thing"].name == "thing_7+b1_amd64.deb"
    assert found["thing"].read_bytes() == BODY


def test_a_package_that_no_mirror_has_is_one_line_with_the_next_step(server: Server) -> None:
    with pytest.raises(UnavailableError, match=r"amd64\.deb .*HTTP 404.*: make lock$") as caught:
        fetch_debs("base", "x86_64")
    assert "\n" not in str(caught.value)
    # Wrong bytes are another matter.
    server.answers[MIRROR_PATH] = [ranged(BODY[:-1] + b"?")]
    with pytest.raises(IntegrityError):
        fetch_debs("base", "x86_64")


@pytest.mark.parametrize(
    "line",
    [
        "'http://h.invalid/debian/x.deb' x_1_all.deb 12 MD5Sum:ab",
        "'http://elsewhere.invalid/debian/x.deb' x_1_all.deb 12 SHA256:ab",
    ],
)
def test_weak_hash_and_foreign_host_are_refused(line: str) -> None:
    with pytest.raises(UnavailableError):
        parse_uris(line, {"debian": "http://h.invalid/debian"})


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
