"""Reading back by every format: what was written, from memory and from the disk."""

import json
from pathlib import Path

import pytest

from tiers import sampled
from workloads.__main__ import main
from workloads.read.registry import TECHNIQUES


@pytest.mark.parametrize("options", [[], ["--cold"]], ids=["from memory", "from the disk"])
def test_every_format_gives_the_arrays_by_their_numbers(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scratch, report = tmp_path / "scratch", tmp_path / "read.json"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    words = ["read", "--impl", "all", "-n", "9", "-s", "20", "--repeat", "2"]
    assert main([*words, "--json", str(report), *options]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.count("matches the definition") == len(TECHNIQUES)
    told = json.loads(report.read_text())
    assert [result["impl"] for result in told["results"]] == list(TECHNIQUES)
    files = {result["impl"]: result["details"][-1]["files"] for result in told["results"]}
    assert files == {"text": 9, "npy": 9, "hdf5": 1, "hdf5-single": 1, "raw": 1}
    assert not [*scratch.iterdir()]


@pytest.mark.parametrize("name", sampled(TECHNIQUES, keep=2))
def test_what_another_has_changed_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from workloads.read import command

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def damage(folder: Path) -> None:
        other = max(folder.iterdir(), key=lambda path: path.stat().st_size)
        data = other.read_bytes()
        # Of a number: every format is still read.
        where = data.rindex(b"e") - 8 if name == "text" else len(data) - 3
        with other.open("r+b") as file:
            file.seek(where)
            file.write(bytes([data[where] ^ 1]))

    monkeypatch.setattr(command, "drop_from_cache", damage)
    assert main(["read", "--impl", name, "-n", "3", "-s", "40", "--cold"]) == 1
    assert "WRONG: array" in capsys.readouterr().err
