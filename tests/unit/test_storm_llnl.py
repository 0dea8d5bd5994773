"""LLNL's own Pynamic in a storm; its code is in no registry."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from hpcpy.commands import run
from hpcpy.errors import UsageError
from sharedfs.pynamic import llnl, made
from sharedfs.pynamic.generate import DRIVER, Size

CHECKOUT = os.environ.get("HPCPY_PYNAMIC", "")
HOW = "with a clone of github.com/LLNL/pynamic: HPCPY_PYNAMIC=$PWD/pynamic make check"


@pytest.mark.skipif(not CHECKOUT, reason=f"Pynamic is in no registry; {HOW}")
def test_its_modules_are_compiled_and_call_their_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "_FOLDER", tmp_path / "made")
    headers = tmp_path / "root/opt/hpcpy/include"
    headers.mkdir(parents=True)
    (headers / "python3.x").symlink_to(sysconfig.get_path("include"))
    size = Size(modules=3, functions=20, libraries=2, library_functions=5)
    folder = made.made(tmp_path / "root", size, Path(CHECKOUT))
    assert made.made(tmp_path / "root", size, Path(CHECKOUT)) == folder
    assert len([*folder.glob("libmodule[0-9].so")]) == size.modules
    assert len([*folder.glob("libutility[0-9].so")]) == size.libraries
    code = f"import {DRIVER}; {DRIVER}.visit(); print(len({DRIVER}.modules))"
    # Moved to where a storm has it: nothing is found by the folder of its compilation.
    moved = folder.rename(tmp_path / "moved")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=moved, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "3\n")


def test_its_generator_is_found_in_the_checkout_or_below(tmp_path: Path) -> None:
    for folder in (tmp_path / "below/pynamic", tmp_path / "itself"):
        folder.mkdir(parents=True)
        (folder / llnl.GENERATOR).touch()
    assert llnl.sources(tmp_path / "below") == tmp_path / "below/pynamic"
    assert llnl.sources(tmp_path / "itself") == tmp_path / "itself"


@pytest.mark.parametrize(
    ("programs", "holds", "said"),
    [("pynamic", "", "has no so_generator.py"), ("core", llnl.GENERATOR, "no program runs on")],
)
def test_what_it_is_no_use_for_is_said_before_anything_starts(
    programs: str, holds: str, said: str, tmp_path: Path
) -> None:
    if holds:
        (tmp_path / holds).touch()
    words = ["storm", f"--programs={programs}", "--configurations=venv", f"--pynamic={tmp_path}"]
    with pytest.raises(UsageError, match=said) as caught:
        run(words)
    assert caught.value.exit_code == 2
