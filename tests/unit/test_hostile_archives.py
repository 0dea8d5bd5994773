"""Malicious archives end in one line: nothing is unpacked, no link followed, no disk filled."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcpy.build.archive import files_of, text_of
from hpcpy.core.errors import IntegrityError

HUGE = 1 << 40
KIND = "application/vnd.oci.image.layer.v1.tar+gzip"


def layer_of(*entries: tarfile.TarInfo, content: bytes = b"") -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for entry in entries:
            entry.size = entry.size or (len(content) if entry.isreg() else 0)
            # The header of a huge file, and none of its bytes.
            tar.fileobj.write(entry.tobuf())
            if entry.size == len(content):
                tar.fileobj.write(content.ljust(-len(content) // 512 * -512, b"\0"))
    return layer.getvalue()


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


def archive_of(path: Path, unpacked: bytes, **others: bytes | str) -> Path:
    """Make an OCI archive; `others` replace its files by name, and a text makes a link to it."""
    config = json.dumps({"config": {}}).encode()
    one = {"digest": "a:layer", "mediaType": KIND}
    manifest = json.dumps({"config": {"digest": "a:config"}, "layers": [one]}).encode()
    index = b'{"manifests": [{"digest": "a:manifest"}]}'
    files: dict[str, bytes | str] = {"index": index, "manifest": manifest, "config": config}
    files |= {"layer": gzip.compress(unpacked, mtime=0), **others}
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            where = "index.json" if name == "index" else f"blobs/a/{name}"
            if isinstance(content, str):
                tar.addfile(entry(where, tarfile.SYMTYPE, content))
            else:
                tar.addfile(entry(where, size=len(content)), io.BytesIO(content))
    return path


def both(path: Path) -> None:
    """Read an archive as `verify` does, and as `sbom` and `release` do."""
    files_of(path)
    text_of(path, "file")


OUTSIDE = [
    entry("../../../outside", size=0),
    entry("/absolute/outside", size=0),
    entry("link", tarfile.SYMTYPE, "/etc"),
    entry("link/passwd", tarfile.LNKTYPE, "../../etc/passwd"),
    entry("disk", tarfile.BLKTYPE),
    entry("pipe", tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("harmful", OUTSIDE, ids=lambda entry: str(entry.name))
def test_paths_links_and_devices_are_listed_and_not_made(
    harmful: tarfile.TarInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a/b/c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    path = archive_of(tmp_path / "image.tar", layer_of(harmful))
    both(path)
    assert any(harmful.name in name for name in files_of(path))
    assert {*tmp_path.rglob("*")} == {path, folder, folder.parent, folder.parent.parent}


@pytest.mark.parametrize("read", [files_of, lambda path: text_of(path, "file")])
@pytest.mark.parametrize(
    "harmful",
    [
        {"index": "index.json"},
        {"manifest": "blobs/a/config", "config": "blobs/a/manifest"},
        {"layer": "layer"},
        {"layer": "/etc/passwd"},
        {"index": b"[" * 100_000},
        {"manifest": b"null"},
        {"manifest": b'{"config": 1, "layers": [[]]}'},
        {"config": b"[]", "layer": b"\x1f\x8b broken"},
    ],
    ids=" ".join,
)
def test_archives_that_are_none_are_refused(
    read: Callable[[Path], object], harmful: dict[str, bytes | str], tmp_path: Path
) -> None:
    path = archive_of(tmp_path / "image.tar", layer_of(entry("file")), **harmful)
    with pytest.raises(IntegrityError, match=r"image\.tar: not an? "):
        read(path)


def test_a_layer_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "image.tar", layer_of(entry("zeros", size=HUGE)))
    with pytest.raises(IntegrityError, match="unpacks to more than 20 times its size"):
        files_of(path)


def test_a_json_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    inner = archive_of(tmp_path / "inner.tar", b"", index=b" " * (17 << 20))
    path = tmp_path / "image.tar"
    path.write_bytes(gzip.compress(inner.read_bytes(), 1))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(IntegrityError, match="a file in it has more than 16"):
        files_of(path)


@functools.cache
def archive() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = archive_of(Path(folder) / "whole.tar", layer_of(entry("a/b"), content=b"text"))
        return path.read_bytes()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_changed_archive_is_read_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.tar"
    content = bytearray(archive())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    for read in (files_of, lambda path: text_of(path, "file")):
        with contextlib.suppress(IntegrityError):
            read(path)
