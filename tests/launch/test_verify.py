"""Images are compared by bytes, and where these differ by the files that they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from packed_images import FILES, make_archive, make_sif

from hpcpy.build import verify
from hpcpy.build.archive import files_of
from hpcpy.build.verify import compare, differences, files_of_sif
from hpcpy.cli.commands import run
from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.engine.setup import Engine


def test_sifs_packed_otherwise_hold_the_same_files(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = make_sif(engine, tmp_path / "a", FILES, "-comp", "gzip")
    second = make_sif(engine, tmp_path / "b", FILES, "-comp", "zstd")
    compare(first, second)
    assert "the same files;" in capsys.readouterr().out
    compare(first, first)
    assert "the same bytes" in capsys.readouterr().out


def test_a_changed_file_a_missing_one_and_another_mode_are_named(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = make_sif(engine, tmp_path / "a", FILES)
    second = make_sif(engine, tmp_path / "b", {**FILES, "etc/hostname": "other\n", "opt/x": ""})
    with pytest.raises(IntegrityError, match="differs in 3 files"):
        compare(first, second)
    said = capsys.readouterr().out
    assert "opt: only in the second" in said
    assert "etc/hostname: -rw" in said


def test_a_sif_that_is_cut_off_is_refused(engine: Engine, tmp_path: Path) -> None:
    sif = make_sif(engine, tmp_path, FILES)
    with sif.open("r+b") as stream:
        stream.truncate(sif.stat().st_size - 4096)
    (tmp_path / "scratch").mkdir()
    with pytest.raises(IntegrityError, match="image"):
        files_of_sif(sif, engine.mksquashfs.with_name("unsquashfs"), tmp_path / "scratch")


def test_a_sif_that_unpacks_to_much_is_refused(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    with (tmp_path / "root/zeros").open("wb") as stream:
        stream.truncate(100 << 20)
    sif = make_sif(engine, tmp_path, FILES)
    (tmp_path / "scratch").mkdir()
    with pytest.raises(IntegrityError, match="unpacks to more than 20 times its size"):
        files_of_sif(sif, engine.mksquashfs.with_name("unsquashfs"), tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_archives_of_another_buildah_and_compressor_hold_the_same_files(tmp_path: Path) -> None:
    first = make_archive(tmp_path / "first.tar", FILES)
    second = make_archive(tmp_path / "second.tar", FILES, level=1, label="1.39")
    assert first.read_bytes() != second.read_bytes()
    assert differences(files_of(first), files_of(second)) == []


def test_archives_differ_by_settings_and_files(tmp_path: Path) -> None:
    first = make_archive(tmp_path / "first.tar", FILES)
    second = make_archive(tmp_path / "second.tar", {"etc/hostname": "other\n"}, user="0")
    told = differences(files_of(first), files_of(second))
    assert [line.partition(": ")[0] for line in told if "settings" in line] == ["settings"]
    assert sum("only in the first" in line for line in told) == 2
    assert sum("etc/hostname" in line for line in told) == 1


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\0" * 1024])
@pytest.mark.usefixtures("engine")
def test_what_is_no_image_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="image"):
        compare(make_archive(tmp_path / "ours.tar", FILES), path)


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no such file"):
        run(["verify", "/nonexistent.sif"])


@pytest.mark.parametrize(
    ("name", "image"), [("hpcpy-core.tar", "hpcpy-core"), ("downloaded.tar", "hpcpy")]
)
def test_a_file_is_compared_with_the_image_that_it_is_named_after(
    name: str, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = make_archive(tmp_path / name, FILES)
    asked = []

    def ensure_image(kind: str, wanted: str) -> tuple[Path, None, None]:
        asked.append((kind, wanted))
        return given, None, None

    monkeypatch.setattr(verify, "ensure_image", ensure_image)
    assert run(["verify", str(given)]) == 0
    assert asked == [("oci", image)]
