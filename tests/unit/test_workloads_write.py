"""Writing: the command line and what needs no NumPy."""

from __future__ import annotations

import errno
import hashlib
from array import array
from pathlib import Path
from typing import Any

import pytest

from workloads.__main__ import main
from workloads.errors import OutputError
from workloads.write import answer, files
from workloads.write.definition import Series, shares
from workloads.write.registry import FASTEST, TECHNIQUES


def write(*arguments: Any) -> Any:
    return main(["write", *map(str, arguments)])


def test_every_technique_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert write("--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES)
    assert {*FASTEST} <= TECHNIQUES.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-n 0", "at least 1"),
        ("-n -5", "at least 1"),
        ("-n many", "'many' is not a whole number"),
        ("-n 2.5", "'2.5' is not a whole number"),
        ("-n nan", "'nan' is not a whole number"),
        ("-n 1000001", "more than 1000000"),
        ("-n", "expected one argument"),
        ("-s 0", "at least 1"),
        ("-s -100", "at least 1"),
        ("-s x", "'x' is not a whole number"),
        ("-s inf", "'inf' is not a whole number"),
        ("-s 16001", "more than 16000"),
        ("-s", "expected one argument"),
        ("--out", "expected one argument"),
        ("--out {tmp}", "is there already"),
        ("--out {tmp}/file", "is there already"),
        ("--out {tmp}/dangling", "is there already"),
        ("--out {tmp}/absent/out", "there is no folder"),
        ("--out {tmp}/file/out", "there is no folder"),
        ("--out /proc/out", "cannot be made"),
        ("--no-verify=yes", "--no-verify"),
        ("--workers 0", "at least 1"),
        ("--repeat 0", "at least 1"),
        ("--impl nonesuch", "unknown technique 'nonesuch'"),
        ("--impl text --scale 1,2", "text has no workers"),
        ("--scale 1,2 --workers 3", "exclude"),
        ("--json {tmp}/absent/write.json", "absent"),
        ("--plot {tmp}/write.docx", ".docx"),
        ("--seed 1", "--seed"),
        ("--full", "--full"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert write(*options.format(tmp=tmp_path).split()) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file"]


def test_arrays_larger_than_memory_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workloads.harness.machine.available_memory", lambda: 1 << 20)
    assert write("-s", 1000, "--impl", "text") == 2
    assert "-s 1000 needs 40 MB of memory in each process" in capsys.readouterr().err


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("n", [1, 2, 10, 101])
def test_every_array_is_written_once(n: int, workers: int) -> None:
    assert [t for share in shares(n, workers) for t in share] == [*range(n)]
    lengths = [len(share) for share in shares(n, workers)]
    assert max(lengths) - min(lengths) <= 1


def test_an_odd_side_has_its_middle_at_0_and_500() -> None:
    assert [*Series(1, 5).x] == [-2, -1, 0, 1, 2]
    assert [*Series(1, 5).y] == [498, 499, 500, 501, 502]
    assert [*Series(1, 4).x] == [-2, -1, 0, 1]
    assert [*Series(1, 4).y] == [498, 499, 500, 501]


def test_pure_python_has_the_stated_bytes() -> None:
    series, found = Series(15, 100), hashlib.sha256()
    for t in range(15):
        for y in series.y:
            found.update(array("d", series.row(t, y)))
    assert found.hexdigest() == answer.SHA256[series]
    assert found.hexdigest().startswith("fe9b93ef9cbf19f4895f2bc753cd21d7")


def test_text_needs_no_numpy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert write("--impl", "text", "-n", 3, "-s", 5, "--out", out, "--repeat", 2) == 0
    assert "matches the definition" in capsys.readouterr().out
    names = sorted(path.name for path in (out / "text").iterdir())
    assert names == ["array-000000.txt", "array-000001.txt", "array-000002.txt"]
    assert [path.name for path in out.iterdir()] == ["text"]
    lines = (out / "text" / names[2]).read_text().splitlines()
    assert [[float(word) for word in line.split(" ")] for line in lines] == [
        Series(3, 5).row(2, y) for y in Series(3, 5).y
    ]
    assert lines[0].split()[0] == f"{Series(3, 5).row(2, 498)[0]:.18e}"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_text("0 0\n0 0\n"), "array 1 row 0 column 0: 0.0, not 0.83"),
        (lambda path: path.write_text("0 0\n0\n"), "array 1 has 24 bytes, not 32"),
        (lambda path: path.write_text("0 x\n0 0\n"), "cannot be read back: could not convert"),
        (lambda path: path.unlink(), "cannot be read back: [Errno 2]"),
    ],
)
def test_what_is_wrong_is_told_and_exits_1(
    damage: Any,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workloads.write.techniques import text

    compute = text.compute

    def damaged(series: Any, folder: Path, team: Any) -> Any:
        note = compute(series, folder, team)
        damage(folder / "array-000001.txt")
        return note

    monkeypatch.setattr(text, "compute", damaged)
    assert write("--impl", "text", "-n", 3, "-s", 2, "--out", tmp_path / "out") == 1
    shown = capsys.readouterr()
    assert f"WRONG: {says}" in shown.err
    assert not [*tmp_path.iterdir()]


def test_a_file_that_fails_has_no_name_and_says_how_much_is_free(tmp_path: Path) -> None:
    said = pytest.raises(OutputError, match=r"a\.raw: No space left on device; .* MB are free")
    with said, files.completed(tmp_path / "a.raw") as temporary:
        raise OSError(28, temporary.write_bytes(b"half"))
    assert not (tmp_path / "a.raw").exists()
    with files.completed(tmp_path / "a.raw") as temporary:
        temporary.write_bytes(b"whole")
        assert not (tmp_path / "a.raw").exists()
    assert (tmp_path / "a.raw").read_bytes() == b"whole"


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.ENOSPC, "2.5 MB are free there; choose another folder with --out or TMPDIR"),
        (errno.EDQUOT, "2.5 MB are free there; choose another folder with --out or TMPDIR"),
        # HDF5 does not always tell which.
        (None, "2.5 MB are free there; choose another folder with --out or TMPDIR"),
        (errno.EIO, "choose another folder with --out or TMPDIR"),
        (errno.EROFS, "choose another folder with --out or TMPDIR"),
        (errno.EFBIG, "see ulimit -f"),
    ],
)
def test_only_a_full_disk_is_said_to_have_little_room(
    number: int | None, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "free_bytes", lambda _: 2_500_000)
    error = OSError("it failed") if number is None else OSError(number, "it failed")
    assert files.not_written(tmp_path / "arrays.h5", error).hint == step


def test_a_folder_that_is_gone_is_asked_for(tmp_path: Path) -> None:
    error = OSError(errno.ENOENT, "it failed")
    said = files.not_written(tmp_path / "gone/arrays.h5", error)
    assert said.hint == "is the folder still there, and on every node?"
