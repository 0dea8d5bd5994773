"""Images are compared by bytes; of a SIF a signature does not count."""

from pathlib import Path

import pytest
from packed_images import FILES, make_archive, make_sif

from hpcpy.build import verify
from hpcpy.build.verify import compare
from hpcpy.cli.commands import run
from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError
from hpcpy.engine.setup import Engine


def test_a_signed_sif_has_the_same_files(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sif = make_sif(engine, tmp_path, FILES)
    signed = tmp_path / "signed.sif"
    signed.write_bytes(sif.read_bytes() + b"a signature")
    compare(sif, sif)
    compare(sif, signed)
    said = capsys.readouterr().out
    assert "the same bytes" in said
    assert "signed.sif: the same root file system, signed" in said


def test_a_sif_with_another_file_differs(engine: Engine, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = make_sif(engine, tmp_path / "a", FILES)
    second = make_sif(engine, tmp_path / "b", {**FILES, "etc/hostname": "other\n"})
    with pytest.raises(IntegrityError, match=r"differs from .*; diffoscope ") as caught:
        compare(first, second)
    assert caught.value.exit_code == 65


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\0" * 1024])
def test_what_is_no_image_is_refused_in_one_line(
    engine: Engine, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="given"):
        compare(make_sif(engine, tmp_path, FILES), path)
    with pytest.raises(IntegrityError, match="given"):
        compare(make_archive(tmp_path / "ours.tar", FILES), path)


def test_a_second_build_that_differs_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, second = tmp_path / "build", tmp_path / "second/build"
    for folder, level in ((build, 9), (second, 1)):
        folder.mkdir(parents=True)
        make_archive(folder / "hpcpy.oci.tar", FILES, level=level)
    monkeypatch.setattr(paths, "BUILD", build)
    monkeypatch.setattr(paths, "LOGS", build / "logs")
    monkeypatch.setattr(verify, "ensure_image", lambda _: (build / "hpcpy.sif", None, None))
    monkeypatch.setattr(verify, "_build_again", lambda _: second)
    with pytest.raises(IntegrityError, match=r"second.hpcpy.oci.tar differs"):
        run(["verify"])
    assert (build / "second.hpcpy.oci.tar").exists()
