"""What `pack` lists of the paths that Python takes from an environment's files."""

from pathlib import Path

import pytest

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
