"""Broken, hostile and missing data end an audit with one line, and are never unpacked."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from advisory_files import DEBSECAN, SBOM, ZERO, osv, tracker, write, write_debsecan, write_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from hpcpy.audit import debian, files
from hpcpy.audit.advisories import Known
from hpcpy.commands import run
from hpcpy.errors import HpcpyError, IntegrityError, UsageError
from small_image import layer, write_archive


@pytest.fixture
def sbom(tmp_path: Path) -> Path:
    return write(tmp_path / "small.spdx.json", SBOM)


def fails(sbom: Path, data: Path, kind: type[HpcpyError] = IntegrityError) -> str:
    with pytest.raises(kind) as caught:
        run(["audit", str(sbom), f"--data={data}"])
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    assert str(data) in said
    return said


BROKEN = {
    "nothing": b"",
    "no JSON": b"<html>Not Found</html>",
    "cut off": json.dumps(osv("A-1", "PyPI", "numpy", ZERO)).encode()[:-9],
    "no text": b'{"id": "\xff\xfe"}',
    "deep": b"[" * 200_000,
    "a long number": b'{"id": ' + b"9" * 10_000 + b"}",
    "a list": b"[]",
    "an empty object": b"{}",
    "another format": json.dumps({"packages": [{"name": "a"}]}).encode(),
    "no zip": b"PK\x03\x04" + b"x" * 100,
    "no debsecan": b"\x78\x9c" + b"x" * 100,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named(content: bytes, sbom: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_bytes(content)
    fails(sbom, data)


def changed(**more: Any) -> dict[str, Any]:
    return {**osv("A-1", "PyPI", "numpy", ZERO), **more}


UNLIKE_ITS_FORMAT = {
    "affected is a text": changed(affected="numpy"),
    "versions is a text": changed(affected=[{"versions": "2.99.5"}]),
    "versions has a number": changed(affected=[{"versions": [2.99]}]),
    "an event is a number": osv("A-1", "PyPI", "numpy", {"introduced": 0}),  # type: ignore[dict-item]
    "a range without a type": changed(affected=[{"ranges": [{"events": []}]}]),
    "a repository without a name": changed(affected=[{"ranges": [{"type": "GIT"}]}]),
    "a package without an ecosystem": changed(affected=[{"package": {"name": "numpy"}}]),
    "a package of numbers": changed(affected=[{"package": {"name": 1, "ecosystem": 2}}]),
    "aliases is an object": changed(aliases={"a": 1}),
    "severity is a list of texts": changed(severity=["HIGH"]),
    "no releases": {"bash": {"CVE-2026-1": {}}},
    "a release is a text": {"bash": {"CVE-2026-1": {"releases": {"trixie": "open"}}}},
    "an unknown status": tracker("perhaps"),
    "a version is a number": tracker("resolved", fixed_version=3),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("value", UNLIKE_ITS_FORMAT.values(), ids=UNLIKE_ITS_FORMAT)
def test_a_record_that_is_not_of_its_format_is_named(
    value: Any, sbom: Path, tmp_path: Path
) -> None:
    assert "does not fit its format" in fails(sbom, write(tmp_path / "data.json", value))
    packed = write_zip(tmp_path / "data.zip", good=osv("A-0", "PyPI", "numpy"), bad=value)
    assert "data.zip: 'bad.json': does not fit" in fails(sbom, packed)


@pytest.mark.parametrize(
    "text",
    [
        DEBSECAN.replace("VERSION 1", "VERSION 2"),
        DEBSECAN.replace("openssl,0,", "openssl,7,"),
        DEBSECAN.replace("openssl,0,SHR F,", "openssl,0,"),
        DEBSECAN.replace("SHR F", "S?R F"),
        "VERSION 1\nCVE-2026-1,,cut off",
    ],
)
def test_a_file_of_debsecan_that_is_not_of_its_format(
    text: str, sbom: Path, tmp_path: Path
) -> None:
    assert "does not fit its format" in fails(sbom, write_debsecan(tmp_path / "trixie", text))


def test_a_file_of_debsecan_that_is_cut_off_or_a_bomb(
    sbom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_debsecan(tmp_path / "trixie")
    data.write_bytes(data.read_bytes()[:-3])
    assert "cut off" in fails(sbom, data)
    monkeypatch.setattr(debian, "_LARGEST", 1 << 16)
    data.write_bytes(zlib.compress(b"VERSION 1\n" + b"\0" * (1 << 20)))
    assert "unpacks to more" in fails(sbom, data)


def test_names_in_a_zip_lead_nowhere(
    sbom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data/data.zip"
    data.parent.mkdir()
    record = json.dumps(osv("A-1", "PyPI", "numpy", ZERO))
    with zipfile.ZipFile(data, "w") as archive:
        for name in ("../../above.json", "/absolute.json", "a/\x1b[2J.json", "folder.json/"):
            archive.writestr(name, "" if name.endswith("/") else record)
    before = sorted(tmp_path.rglob("*"))
    assert run(["audit", str(sbom), f"--data={data}"]) == 0
    assert "looked up in 3 advisories" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("\x1b[2J\n.json", "[")
    assert fails(sbom, data).isprintable()


def test_a_zip_that_unpacks_to_a_multiple_is_not_unpacked(
    sbom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_SPARE", 1 << 16)
    data = tmp_path / "data.zip"
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", b" " * (1 << 24))
    assert "unpacks to 100 times its size" in fails(sbom, data)


def test_a_zip_whose_members_are_damaged_or_locked(sbom: Path, tmp_path: Path) -> None:
    data = write_zip(tmp_path / "data.zip", a=osv("A-1", "PyPI", "numpy", ZERO))
    whole = data.read_bytes()
    at = whole.index(b"PK\x01\x02")
    data.write_bytes(whole[: at - 20] + bytes(20) + whole[at:])
    assert "not a whole zip file" in fails(sbom, data)
    # The flag of encryption, in both places that have it.
    locked = bytearray(whole)
    locked[6] |= 1
    locked[at + 8] |= 1
    data.write_bytes(locked)
    assert "not a whole zip file" in fails(sbom, data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_zip_with_any_wrong_bytes_is_read_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = osv("A-1", "PyPI", "numpy", ZERO)
        path = write_zip(Path(folder, "data.zip"), a=record, b=record)
        content = bytearray(path.read_bytes())
        for at in data.draw(st.lists(st.integers(2, len(content) - 1), min_size=1, max_size=4)):
            content[at] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        known = Known(frozenset())
        with contextlib.suppress(IntegrityError):
            files.read(path, known)


def test_a_file_that_is_too_large_is_not_read(
    sbom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST", 1 << 20)
    data = tmp_path / "data.json"
    with data.open("wb") as stream:
        stream.write(b"{}")
        stream.truncate(1 << 40)
    assert "larger than 1 MiB" in fails(sbom, data)


def test_a_path_without_data_is_told(sbom: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no data of known vulnerabilities in it" in fails(sbom, tmp_path / "empty")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("README", "")
    assert "no data of known vulnerabilities in it" in fails(sbom, tmp_path / "empty.zip")
    assert "No such file" in fails(sbom, tmp_path / "gone.json", UsageError)
    os.mkfifo(tmp_path / "fifo")
    assert "neither a file nor a folder" in fails(sbom, tmp_path / "fifo", UsageError)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", '{"packages": 1}', '{"packages": [{}]}', '{"packages": ["a"]}', "[" * 200_000),
        json.dumps({**SBOM, "packages": [{"name": "a", "externalRefs": [{}]}]}),
    ],
)
def test_what_is_no_sbom_is_refused(text: str, tmp_path: Path) -> None:
    sbom = tmp_path / "some.json"
    sbom.write_text(text)
    with pytest.raises(IntegrityError, match="not an SPDX document") as caught:
        run(["audit", str(sbom)])
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("nowhere", "no image 'nowhere'"),
        # A file of the working directory, but no image.
        ("README", "no image 'README'"),
        ("nowhere.json", "nowhere.json: No such file"),
        ("nowhere.oci.tar", "nowhere.oci.tar: No such file"),
    ],
)
def test_an_image_that_is_none_is_refused(
    image: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=says):
        run(["audit", image])


def test_the_archive_of_an_image_has_its_sbom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = {"opt/hpcpy/share/hpcpy/sbom.spdx.json": json.dumps(SBOM).encode()}
    write_archive(tmp_path / "small.oci.tar", [layer(inside)])
    data = write(tmp_path / "tracker.json", tracker())
    assert run(["audit", str(tmp_path / "small.oci.tar"), f"--data={data}"]) == 0
    assert "CVE-2026-1000" in capsys.readouterr().out
