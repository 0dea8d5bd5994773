"""What an image is made of, told from its archive alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.build import size
from hpcpy.build.layers import read_contents
from hpcpy.build.size import rows
from hpcpy.commands import run
from hpcpy.errors import HpcpyError, IntegrityError
from small_image import layer, write_archive

LIB = "opt/hpcpy/lib/python3.14"
SITE = f"{LIB}/site-packages"
BASE = {"usr/bin/sh": b"x" * 1000, "usr/share/old/a": b"x" * 500, "etc/gone": b"x" * 100}
IMAGE = {
    "opt/hpcpy/bin/python3": b"x" * 70,
    f"{LIB}/os.py": b"x" * 30,
    f"{SITE}/numpy/core.so": b"x" * 400,
    f"{SITE}/numpy.libs/libopenblas.so": b"x" * 600,
    f"{SITE}/numpy-1.2.3.dist-info/RECORD": (
        b"numpy/core.so,sha256=0,400\nnumpy-1.2.3.dist-info/RECORD,,\n../../../bin/f2py,,\n"
    ),
    f"{SITE}/PIL/Image.py": b"x" * 50,
    f"{SITE}/pillow.libs/libjpeg.so": b"x" * 25,
    f"{SITE}/pillow-4.5.dist-info/RECORD": (
        b"PIL/Image.py,,\npillow.libs/libjpeg.so,,\npillow-4.5.dist-info/RECORD,,\n"
    ),
    f"{SITE}/six.py": b"x" * 5,
    f"{SITE}/workloads/registry.py": b"x" * 7,
    "opt/mpich/lib/libmpi.so.12": b"x" * 300,
    "usr/lib/x86_64-linux-gnu/libpocl.so.2": b"x" * 200,
    "etc/OpenCL/vendors/pocl.icd": b"x" * 3,
    "etc/.wh.gone": b"",
    "usr/share/old/.wh..wh..opq": b"",
    "usr/share/old/b": b"x" * 11,
}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    path = tmp_path / "hpcpy.oci.tar"
    write_archive(
        path, [layer(BASE), layer(IMAGE, {"opt/hpcpy/bin/python": "opt/hpcpy/bin/python3"})]
    )
    return path


def sizes(path: Path) -> dict[str, tuple[int, int]]:
    contents = read_contents(path, lambda name: name.endswith("RECORD"))
    return {row.name: (row.size, row.files) for row in rows(contents)}


@pytest.mark.usefixtures("archive")
def test_each_file_is_counted_once_and_where_it_belongs(archive: Path) -> None:
    record = len(IMAGE[f"{SITE}/numpy-1.2.3.dist-info/RECORD"])
    others = len(IMAGE[f"{SITE}/pillow-4.5.dist-info/RECORD"])
    assert sizes(archive) == {
        "Python and its standard library": (100, 3),
        "numpy 1.2.3": (1000 + record, 3),
        "pillow 4.5": (75 + others, 3),
        "six": (5, 1),
        "MPI": (300, 1),
        "Debian's files": (1214, 4),
        "workloads": (7, 1),
    }


def test_small_packages_are_one_row(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "LARGEST", 1)
    names = list(sizes(archive))
    assert names[1:3] == ["numpy 1.2.3", "other packages (2)"]


def test_layers_that_are_not_compressed_are_read_too(tmp_path: Path, archive: Path) -> None:
    write_archive(tmp_path / "plain.tar", [layer(BASE), layer(IMAGE)], packed=False)
    plain = sizes(tmp_path / "plain.tar")
    packed = sizes(archive)
    assert plain.pop("Python and its standard library") == (100, 2)
    assert packed.pop("Python and its standard library") == (100, 3)
    assert plain == packed


def test_table_has_totals_and_the_size_of_the_archive(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["size", "hpcpy"]) == 0
    out = capsys.readouterr().out
    assert "100.0%" in out
    assert f"{archive.name:34}" in out
    assert "hpcpy.sif" not in out


def test_json_has_the_same_in_bytes(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["size", "hpcpy", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert {row["name"]: (row["bytes"], row["files"]) for row in told["rows"]} == sizes(archive)
    assert told["bytes"] == sum(row["bytes"] for row in told["rows"])
    assert told["compressed"] == {archive.name: archive.stat().st_size}


def test_missing_archive_names_the_command_that_makes_it(archive: Path) -> None:
    archive.unlink()
    with pytest.raises(HpcpyError, match=r"hpcpy\.oci\.tar is not there; build it: make image"):
        run(["size"])


@pytest.mark.parametrize("left", [0, 600, 3000, -12000])
def test_truncated_archive_is_one_line(archive: Path, left: int) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[:left])
    with pytest.raises(IntegrityError, match=r"hpcpy\.oci\.tar: not a") as caught:
        run(["size"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arguments", [["a", "b"], ["--xml"], ["nothing"]])
def test_wrong_arguments_are_told(arguments: list[str]) -> None:
    with pytest.raises(HpcpyError) as caught:
        run(["size", *arguments])
    assert caught.value.exit_code == 2
