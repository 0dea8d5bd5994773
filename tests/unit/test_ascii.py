"""Where only ASCII can be shown, what is shown is ASCII, and no traceback."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from processes import python

from workloads.bench.streams import spell_in_ascii

# The stream's encoding alone, and a locale without UTF-8.
ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
HELP = ["workloads", "workloads mandel --help", "workloads pi --list", "hpcpy --help"]


@pytest.mark.parametrize("words", HELP)
def test_help(words: str) -> None:
    for variables in ASCII:
        done = python("-m", *words.split(), **variables)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.isascii()
        assert "?" not in done.stdout


@pytest.mark.parametrize("words", ["workloads pi --impl näme", "hpcpy näme"])
def test_an_error(words: str) -> None:
    for variables in ASCII:
        done = python("-m", *words.split(), **variables)
        assert "Traceback" not in done.stderr
        assert done.stderr.isascii() or "LC_ALL" in variables, "there the word's bytes come back"


def test_a_run_and_its_report(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    words = ["workloads", "pi", "--impl", "python", "-n", "1000", "--json", str(report)]
    done = python("-m", *words, **ASCII[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert " 1.0x " in done.stdout
    assert json.loads(report.read_text("utf-8"))["workload"] == "pi"


def test_what_is_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    spell_in_ascii()
    print("1.5 µs, 2×, 10³ … naïve, 木, \udcff", end="", flush=True)
    assert written.getvalue() == b"1.5 us, 2x, 10^3 ... naive, ?, \xff"
