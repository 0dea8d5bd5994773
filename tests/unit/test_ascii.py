"""Where only ASCII can be shown, what is shown is ASCII, and no traceback."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from processes import python

from tiers import sampled
from workloads.harness.streams import spell_in_ascii
from workloads.registry import TOOLS, WORKLOADS

# The stream's encoding alone, and a locale without UTF-8.
ASCII = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
HELP = [
    "workloads",
    "workloads --help",
    *(f"workloads {name} --help" for name in (*WORKLOADS, *TOOLS)),
    *(f"workloads {name} --list" for name in WORKLOADS),
    "workloads.preflight --help",
    "workloads.on_dask --help",
    "workloads.on_spark --help",
    "workloads.traced --help",
    "hpcpy --help",
    *(f"hpcpy {name} --help" for name in ("setup", "cluster", "test-upstream")),
]


@pytest.mark.parametrize("variables", ASCII, ids=lambda each: next(iter(each)))
@pytest.mark.parametrize("words", sampled(HELP, keep=4))
def test_help(words: str, variables: dict[str, str]) -> None:
    done = python("-m", *words.split(), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "?" not in done.stdout


@pytest.mark.parametrize("variables", ASCII, ids=lambda each: next(iter(each)))
@pytest.mark.parametrize("words", ["workloads pi --impl näme", "hpcpy näme", "hpcpy batch X=…"])
def test_an_error(words: str, variables: dict[str, str]) -> None:
    done = python("-m", *words.split(), **variables)
    assert "Traceback" not in done.stderr
    assert done.stderr.isascii() or variables.get("LC_ALL"), "there the word's bytes come back"


@pytest.mark.parametrize("variables", ASCII, ids=lambda each: next(iter(each)))
def test_a_run_and_its_report(tmp_path: Path, variables: dict[str, str]) -> None:
    report = tmp_path / "pi.json"
    words = ["workloads", "pi", "--impl", "python", "-n", "1000", "--json", str(report)]
    done = python("-m", *words, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert " 1.0x " in done.stdout
    assert json.loads(report.read_text("utf-8"))["workload"] == "pi"


def test_what_is_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    spell_in_ascii()
    print("1.5 µs, 2×, 10³ … naïve, 木, \udcff", end="", flush=True)
    assert written.getvalue() == b"1.5 us, 2x, 10^3 ... naive, ?, \xff"
