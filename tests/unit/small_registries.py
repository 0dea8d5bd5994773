"""Registries on the loopback interface, and an `env/` with pins of what they have."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from misbehaving_server import Server, serving

from hpcpy import paths
from hpcpy.apt.offers import Offer
from hpcpy.engine.venv import TITLES
from hpcpy.lock import archive
from hpcpy.pins.wheels import GROUPS

DIGEST = "0" * 64
HASHED = f"packages/aa/bb/{'c' * 60}"
SOURCES = """
[python]
version = "3.14.1"
licence = "PSF-2.0"
why = "a folder that lists versions, and Debian's pool"
[[python.sources]]
url = "{server}/ftp/{{version}}/Python-{{version}}.tar.xz"
size = 5
sha256 = "{digest}"
[[python.sources]]
url = "apt-mirror:debian/pool/main/p/python3.14/python3.14_{{version}}.orig.tar.xz"
size = 5
sha256 = "{digest}"

[forged]
version = "1.2.0"
licence = "MIT"
why = "a tag of a forge"
[[forged.sources]]
url = "{server}/me/forged/archive/refs/tags/v{{version}}.tar.gz"
size = 5
sha256 = "{digest}"

[numbers]
version = "2.0"
licence = "MIT"
why = "a file of an index"
[[numbers.sources]]
url = "{server}/{hashed}/numbers-{{version}}.tar.gz"
size = 5
sha256 = "{digest}"

[kept]
version = "1"
licence = "MIT"
why = "a snapshot alone, which nothing newer comes to"
[[kept.sources]]
url = "{server}/archive/20260101T000000Z/kept-{{version}}.tar.gz"
size = 5
sha256 = "{digest}"
"""
DEBIAN = """
architectures = ["x86_64"]
snapshot = "https://h.invalid/{archive}/{timestamp}/{path}"
suites = [{ archive = "debian", name = "stable" }]
newest = { archive = "debian", name = "sid" }
[sets.base]
packages = ["thing", "other"]
"""
DEB = """
[packages.x86_64.{name}]
version = "{version}"
sets = ["base"]
size = 5
sha256 = "{digest}"
licence = "MIT"
archive = "debian"
path = "pool/main/{name}_{version}_all.deb"
"""
WHEEL = """
[packages.numbers]
version = "2.0"
licence = "MIT"
groups = ["image"]
[packages.numbers.wheels.x86_64]
url = "https://h.invalid/numbers-2.0-py3-none-any.whl"
size = 5
sha256 = "{digest}"
"""
SHOWSRC = """Package: python3.14
Version: 1:3.14.3-1
Directory: pool/main/p/python3.14
Files:
 0123 5 python3.14_3.14.3-1.debian.tar.xz
 0123 5 python3.14_3.14.3.orig.tar.xz

Package: native
Version: 7
Directory: pool/main/n/native
Files:
 0123 5 native_7.tar.xz
"""
CP314 = "cp314-cp314-manylinux_2_28_x86_64.whl"
FILES = {
    "numbers-1.9.tar.gz": {},
    "numbers-2.0.tar.gz": {},
    "numbers-2.0.1.tar.gz": {},
    "numbers-2.0.1-cp315-cp315-manylinux_2_28_x86_64.whl": {},
    f"numbers-2.1-{CP314}": {"requires-python": ">=3.12"},
    "numbers-2.1.tar.gz": {},
    "numbers-2.2.tar.gz": {"yanked": "wrong"},
    f"numbers-2.2-{CP314}": {"yanked": "wrong"},
    "numbers-3.0rc1.tar.gz": {},
}


def page(server: Server) -> bytes:
    """Return what an index lists of `numbers`, as JSON."""
    files = [
        {"filename": name, "url": f"{server.url}/{HASHED}/{name}", **its}
        for name, its in FILES.items()
    ]
    return json.dumps({"files": files}).encode()


@contextlib.contextmanager
def registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Make `tmp_path` the folder of the pins, and yield the server that has newer versions."""
    with serving() as running:
        for name in (*GROUPS.values(), *(f"{title}.in" for title in TITLES)):
            (tmp_path / name).write_text("numbers<3  # why\n" if name == "python.in" else "")
        for title in TITLES:
            (tmp_path / f"{title}.lock").write_text("")
        (tmp_path / "dev.lock").write_text(f"numbers==2.0 \\\n    --hash=sha256:{DIGEST}\n")
        (tmp_path / "packages.lock").write_text("[packages]\n")
        (tmp_path / "python.lock").write_text(WHEEL.format(digest=DIGEST))
        sources = SOURCES.format(server=running.url, hashed=HASHED, digest=DIGEST)
        (tmp_path / "sources.toml").write_text(sources)
        (tmp_path / "debian.toml").write_text(DEBIAN)
        (tmp_path / "debian.lock").write_text(
            "timestamp = 2001-02-03T04:05:06Z\n"
            + DEB.format(name="thing", version="1.9-1", digest=DIGEST)
            + DEB.format(name="other", version="1-1", digest=DIGEST)
        )
        (tmp_path / "shifter.toml").write_text('commit = "0123456789ab"\n')
        monkeypatch.setattr(paths, "ENV", tmp_path)
        monkeypatch.setenv("HPCPY_DEBIAN_MIRROR", f"{running.url}/debian")
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple/")
        debian_has(monkeypatch)
        yield running


def debian_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for apt, whose index would have to be signed by Debian."""

    class Index:
        def __init__(self, *_: object) -> None:
            pass

        def exactly(self, names: Sequence[str]) -> list[Offer]:
            assert set(names) == {"thing", "other"}
            return [
                Offer("thing", "1.10-1", "debian", "pool/main/thing_1.10-1_all.deb", 5, DIGEST),
                Offer("other", "1-1", "debian", "pool/main/other_1-1_all.deb", 5, DIGEST),
            ]

    class Apt:
        def output(self, *_: str) -> str:
            return SHOWSRC

    monkeypatch.setattr(archive, "Mirror", Index)
    monkeypatch.setattr(archive.Pool, "_apt", Apt())


def answers(server: Server) -> dict[str, bytes]:
    """Return what the registries have, by path; any other path is a 404."""
    return {
        "/simple/numbers/": page(server),
        "/ftp/": b'<a href="../">up</a><a href="3.9.1/">3.9.1</a><a href="3.15.0/">3.15.0</a>'
        b'<a href="3.14.1/">3.14.1</a><a href="3.14.2/">3.14.2</a>',
        "/me/forged/info/refs?service=git-upload-pack": b"003fabc refs/tags/v1.10.0\n"
        b"003fabc refs/tags/v1.10.0^{}\n003dabc refs/tags/v1.2.3\n003dabc refs/tags/other\n",
        "/ftp/3.14.2/Python-3.14.2.tar.xz": b"bytes",
        "/me/forged/archive/refs/tags/v1.10.0.tar.gz": b"bytes",
        "/me/forged/archive/refs/tags/v1.2.3.tar.gz": b"bytes",
        "/debian/pool/main/thing_1.10-1_all.deb": b"bytes",
        **{f"/{HASHED}/{name}": b"bytes" for name in FILES},
    }
