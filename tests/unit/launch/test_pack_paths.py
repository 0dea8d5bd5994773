"""What `pack` lists of the paths that Python takes from an environment's files."""

import os
from pathlib import Path

import pytest

from hpcpy.pack import image
from hpcpy.pack.environment import Environment, look


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.pth", "# mine\n{}\n"),
        ("mine.pth", "{} \r\n"),
        ("mine.pth", "../../../a b\n../mine\n"),
        ("mine.pth", "import sys; sys.path.append('{}')\n"),
        ("__editable___mine_finder.py", 'MAPPING = {{"mine": "{}"}}\n'),
    ],
)
def test_a_path_with_a_blank_and_a_relative_one_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    prefix, outside = tmp_path / "env", tmp_path / "a b"
    (prefix / "lib/site").mkdir(parents=True)
    (prefix / "lib/mine").mkdir()
    outside.mkdir()
    file = prefix / "lib/site" / name
    file.write_text(text.format(outside))
    look(Environment(prefix, prefix, {prefix: prefix}))
    said = [line for line in capsys.readouterr().err.splitlines() if "out of the" in line]
    assert len(said) == 1
    assert f"path in site-packages out of the environment: {file} -> {outside}: it must" in said[0]


def test_a_model_is_no_list_of_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "env/lib").mkdir(parents=True)
    (tmp_path / "env/lib/small.pth").write_bytes(b"PK\x03\x04\n/\0tmp\n\n")
    (tmp_path / "env/lib/large.pth").write_bytes(f"{tmp_path}\n".encode() * (1 << 17))
    look(Environment(tmp_path / "env", tmp_path / "env", {tmp_path / "env": tmp_path / "env"}))
    assert "out of the" not in capsys.readouterr().err


def test_what_an_image_cannot_have_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = tmp_path / "env"
    (prefix / "lib").mkdir(parents=True)
    files = {name: prefix / "lib" / name for name in ("early", "late", "last", "origin", "plain")}
    for name, file in files.items():
        file.touch()
        times = {"early": -1, "late": 2**32, "last": 2**32 - 1}
        os.utime(file, (0, times.get(name, 0)))
        if file.stat().st_mtime != times.get(name, 0):
            pytest.skip(f"{file}: its file system has no such time")
    try:
        for path in (files["origin"], prefix / "lib"):
            os.setxattr(path, "user.origin", b"here")
    except OSError as error:
        pytest.skip(f"{tmp_path}: its file system has no such attribute ({error.strerror})")
    look(Environment(prefix, prefix, {prefix: prefix}))
    said = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert len(said) == 2
    for what, names in (
        ("times before 1970 or after 2106", ("early", "late")),
        ("attribute user.origin", ("origin", "")),
    ):
        (line,) = (line for line in said if line.startswith(f"the image has no {what}: "))
        paths = [str(prefix / "lib" / name) for name in names]
        assert line.rpartition(": ")[2] in [f"{path} and 1 more" for path in paths]


def test_files_of_one_size_are_compared_unless_they_are_very_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 200,000 files of one to eight bytes took mksquashfs 19 minutes.
    for number in range(10):
        for name, content in (("empty", ""), ("equal", "x"), ("other", "x" * number)):
            (tmp_path / f"{name}{number}").write_text(content)
        (tmp_path / f"folder{number}").mkdir()
    # Eleven of one byte, eight others with content.
    monkeypatch.setattr(image, "_MOST_PAIRS", 11 * 11 + 8)
    assert image._without_comparison([tmp_path]) == []
    monkeypatch.setattr(image, "_MOST_PAIRS", 11 * 11 + 7)
    assert image._without_comparison([tmp_path]) == ["-no-duplicates"]
