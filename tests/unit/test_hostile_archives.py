"""Malicious archives end in one line: no link is followed, no memory filled."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from hpcpy.build.archive import text_of
from hpcpy.core.errors import IntegrityError

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
    harmful: dict[str, bytes | str], tmp_path: Path
) -> None:
    path = archive_of(tmp_path / "image.tar", layer_of(entry("file")), **harmful)
    with pytest.raises(IntegrityError, match=r"image\.tar: not an? "):
        text_of(path, "file")


def test_a_json_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    inner = archive_of(tmp_path / "inner.tar", b"", index=b" " * (17 << 20))
    path = tmp_path / "image.tar"
    path.write_bytes(gzip.compress(inner.read_bytes(), 1))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(IntegrityError, match="a file in it has more than 16"):
        text_of(path, "file")
