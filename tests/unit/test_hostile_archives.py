"""Malicious archives end in one line: no link is followed, no memory filled."""

import contextlib
import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcpy.build.archive import text_of
from hpcpy.core.errors import IntegrityError

KIND = "application/vnd.oci.image.layer.v1.tar+gzip"


def archive_of(path: Path, **others: bytes | str) -> Path:
    """Make an OCI archive; `others` replace its files by name, and a text makes a link to it."""
    config = json.dumps({"config": {}}).encode()
    one = {"digest": "a:layer", "mediaType": KIND}
    manifest = json.dumps({"config": {"digest": "a:config"}, "layers": [one]}).encode()
    index = b'{"manifests": [{"digest": "a:manifest"}]}'
    files: dict[str, bytes | str] = {"index": index, "manifest": manifest, "config": config}
    # Zeros alone are an archive of no files.
    files |= {"layer": gzip.compress(bytes(10_240)), **others}
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo("index.json" if name == "index" else f"blobs/a/{name}")
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
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
    path = archive_of(tmp_path / "image.tar", **harmful)
    with pytest.raises(IntegrityError, match=r"image\.tar: not an? "):
        text_of(path, "file")


def test_a_json_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    inner = archive_of(tmp_path / "inner.tar", index=b" " * (17 << 20))
    path = tmp_path / "image.tar"
    path.write_bytes(gzip.compress(inner.read_bytes(), 1))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(IntegrityError, match="a file in it has more than 16"):
        text_of(path, "file")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return archive_of(tmp_path_factory.mktemp("archive") / "image.tar").read_bytes()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_changed_archive_is_read_or_refused(
    data: st.DataObject, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.tar"
    content = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(IntegrityError):
        text_of(path, "file")
