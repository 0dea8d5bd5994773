"""An image's archive and SIF are the same bytes for the same image, whenever it is packed."""

import os
import shutil
from pathlib import Path

import pytest
from small_sif import make_sif, needed_program

from hpcpy.core.errors import IntegrityError
from hpcpy.engine.sif_header import settle
from hpcpy.images.oci import manifest_digest, pack
from running import run
from small_image import layer, write_archive, write_layout


def test_archive_packed_at_another_time_is_the_same_bytes(tmp_path: Path) -> None:
    write_layout(tmp_path / "one", [layer({"etc/a": b"1"})])
    pack(tmp_path / "one", tmp_path / "one.tar", 1_000_000_000)
    # Another folder, order, time and mode of the same files.
    for path in sorted((tmp_path / "one").rglob("*"), reverse=True):
        copy = tmp_path / "two" / path.relative_to(tmp_path / "one")
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        os.utime(copy, (5, 5))
    pack(tmp_path / "two", tmp_path / "two.tar", 1_000_000_000)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_digest_is_what_the_tools_call_the_image(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    digest = write_archive(archive, [layer({"etc/a": b"1"})])
    assert manifest_digest(archive) == digest
    if not shutil.which("skopeo"):
        pytest.skip("no skopeo on this machine")
    done = run("skopeo", "inspect", "--format", "{{.Digest}}", f"oci-archive:{archive}", check=True)
    assert done.stdout.strip() == digest


def test_sifs_of_the_same_content_become_the_same_bytes(tmp_path: Path) -> None:
    program = needed_program()
    sifs = [make_sif(program, tmp_path, name) for name in ("a.sif", "b.sif")]
    assert sifs[0].read_bytes() != sifs[1].read_bytes()
    # The second time nothing changes.
    for sif in (*sifs, sifs[0]):
        settle(sif, "sha256:0123", 1_000_000_000)
    assert sifs[0].read_bytes() == sifs[1].read_bytes()
    # It is whole to Apptainer.
    header, content = (
        run(program, "sif", *words, sifs[0], check=True).stdout
        for words in (("header",), ("dump", "1"))
    )
    assert "2001-09-09" in header
    assert content == '{"a": 1}\n'


@pytest.mark.parametrize("content", [b"", bytes(4096)])
def test_file_that_is_no_sif_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.sif"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"file\.sif: not a SIF"):
        settle(path, "sha256:0123", 1)
    assert path.read_bytes() == content
