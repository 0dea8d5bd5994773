"""The list by which the executable is linked is made from the image, by one command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from own_venv import SIF

from hpcpy.core.paths import ROOT
from running import run

pytestmark = pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif")


def test_the_list_names_what_a_start_enters(tmp_path: Path) -> None:
    made = tmp_path / "functions.txt"
    program = ROOT / "benchmarks/start_functions.py"
    done = run(
        *(sys.executable, program, "--sif", f"hpcpy={SIF}", "--out", made),
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    entered = set(made.read_text().split())
    listed = set((ROOT / "env/start_functions.txt").read_text().split())
    assert len(entered) > 2000
    # After an upgrade some have another name; the command makes the list anew.
    assert len(entered - listed) < len(entered) / 10, sorted(entered - listed)
