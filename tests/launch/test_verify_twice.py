"""A second build by the same tools has to give the same bytes; other versions are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packed_images import FILES, make_archive, make_sif

from hpcpy.build import verify
from hpcpy.build.packed_by import packed_by
from hpcpy.build.stamps import write_stamp
from hpcpy.build.verify import compare
from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError
from hpcpy.engine.setup import Engine


@pytest.fixture
def twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a second build, as if it had been made, beside that of a first one."""
    build, second = tmp_path / "build", tmp_path / "second/build"
    for folder in (build, second):
        folder.mkdir(parents=True)
    monkeypatch.setattr(paths, "BUILD", build)
    monkeypatch.setattr(paths, "LOGS", build / "logs")
    monkeypatch.setattr(verify, "have", lambda _: (build / "hpcpy.sif", None, None))
    monkeypatch.setattr(verify, "_build_again", lambda _: second)
    return second


def test_the_same_tools_have_to_give_the_same_bytes(twice: Path) -> None:
    make_archive(paths.BUILD / "hpcpy.oci.tar", FILES)
    make_archive(twice / "hpcpy.oci.tar", FILES, level=1)
    with pytest.raises(IntegrityError, match="has the same files in other bytes") as caught:
        run(["verify"])
    assert caught.value.exit_code == 65
    kept = paths.BUILD / "second.hpcpy.oci.tar"
    assert f"diffoscope {paths.BUILD / 'hpcpy.oci.tar'} {kept}" in str(caught.value)
    assert kept.exists()


def test_other_versions_of_the_tools_may_pack_the_same_files_otherwise(
    twice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_archive(paths.BUILD / "hpcpy.oci.tar", FILES)
    make_archive(twice / "hpcpy.oci.tar", FILES, level=1, label="1.39")
    for folder in (paths.BUILD, twice):
        (folder / "hpcpy.sif").write_bytes(b"the same")
    assert run(["verify"]) == 0
    said = capsys.readouterr().out
    assert "the same files; packed by buildah 1.39, ours by buildah 1.28" in said
    assert "hpcpy.sif: the same bytes" in said
    assert list(paths.BUILD.glob("second.*")) == []


def test_files_that_differ_are_listed(twice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_archive(paths.BUILD / "hpcpy.oci.tar", FILES)
    make_archive(twice / "hpcpy.oci.tar", {**FILES, "etc/hostname": "other\n"})
    with pytest.raises(IntegrityError, match="differs in 1 files; compare with: diffoscope"):
        run(["verify"])
    assert "etc/hostname" in capsys.readouterr().out


def test_a_sif_is_packed_by_what_its_stamp_or_a_provenance_says(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = make_sif(engine, tmp_path / "a", FILES, "-comp", "gzip")
    second = make_sif(engine, tmp_path / "b", FILES, "-comp", "zstd")
    write_stamp(first, apptainer="1.4.5")
    compare(first, second)
    told = "packed by {}, ours by apptainer 1.4.5"
    assert told.format("unknown versions") in capsys.readouterr().out
    builder = {"version": {"apptainer": "1.5.2", "skopeo": "\n"}}
    statement = {"predicate": {"runDetails": {"builder": builder}}}
    (tmp_path / "b/provenance.json").write_text(json.dumps(statement))
    compare(first, second)
    assert told.format("apptainer 1.5.2") in capsys.readouterr().out


@pytest.mark.parametrize("version", ["x\ny", 4, "9" * 99, None])
def test_a_version_that_is_none_is_not_printed(tmp_path: Path, version: object) -> None:
    statement = {"predicate": {"runDetails": {"builder": {"version": {"apptainer": version}}}}}
    (tmp_path / "provenance.json").write_text(json.dumps(statement))
    (tmp_path / "image.sif").write_bytes(b"SIF")
    assert packed_by(tmp_path / "image.sif") == {}
