"""Where only ASCII can be shown, what is shown is ASCII, and no traceback."""

import json
from pathlib import Path

import pytest
from processes import python

from running import printed

# The stream's encoding alone, and a locale without UTF-8.
ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
HELP = ["workloads", "workloads mandel --help", "workloads pi --list", "hpcpy --help"]


@pytest.mark.parametrize("words", HELP)
def test_help(words: str) -> None:
    for variables in ASCII:
        shown = printed(python("-m", *words.split(), **variables))
        assert shown.isascii()
        assert "?" not in shown


@pytest.mark.parametrize("words", ["workloads pi --impl näme", "hpcpy näme"])
def test_an_error(words: str) -> None:
    for variables in ASCII:
        done = python("-m", *words.split(), **variables)
        assert "Traceback" not in done.stderr
        assert done.stderr.isascii() or "LC_ALL" in variables, "there the word's bytes come back"


def test_a_run_and_its_report(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    words = ["workloads", "pi", "--impl", "python", "-n", "1000", "--json", str(report)]
    assert r" 1.0\xd7 " in printed(python("-m", *words, **ASCII[0]))
    assert json.loads(report.read_text("utf-8"))["workload"] == "pi"
