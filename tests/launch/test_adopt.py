"""`./hpcpy adopt` with the real image: its YAML, its pip, its bake, the user's program in both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from small_packages import wheel

from hpcpy.core import paths
from hpcpy.core.stages import TAIL_LINES
from hpcpy.engine.prefix import find_apptainer

# As people write them: comments, a list of pip's, versions of another Python.
YAML = """\
name: model          # of a workshop
channels:
  - conda-forge
dependencies:
  - python=3.9
  - numpy=1.21
  - conda-forge::climate >=1.0,<2   # 2.0 is there
  - pytables-like
  - r-base
  - openmpi
  - pip
  - pip:
    - tqdm>=4
"""
PROGRAM = """\
import climate, numpy, sys
print(climate.VALUE, numpy.arange(3).sum(), sys.argv[1:])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "wheels"
    made.mkdir()
    wheel(made, "climate", "2.0", {"climate/__init__.py": "VALUE = 2\n"}, ["heat", "numpy"])
    wheel(made, "heat", "1.1", {"heat.py": ""})
    (tmp_path / "environment.yml").write_text(YAML)
    (tmp_path / "my.py").write_text(PROGRAM)
    return tmp_path


def adopt(folder: Path, sif: str, *words: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, paths.ROOT / "hpcpy", "adopt", *words[:1], f"--image={sif}", *words[1:]],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-80 * TAIL_LINES :]
    return done.stdout, done.stderr


def report(folder: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((folder / "adopted/adopt.json").read_text())
    return found


def test_a_file_of_conda_is_resolved_by_the_images_pip(folder: Path, sif: str) -> None:
    told, _ = adopt(folder, sif, "environment.yml", "--wheelhouse=wheels")
    rows = {row["asked"]: row for row in report(folder)["rows"]}
    states = {asked: (row["state"], row["version"]) for asked, row in rows.items()}
    assert states["conda-forge::climate >=1.0,<2"] == ("kept", "2.0")
    assert states["pytables-like"] == ("no equivalent", "")
    assert [states[name][0] for name in ("r-base", "openmpi")] == ["no equivalent", "not needed"]
    for asked in ("python=3.9", "numpy=1.21"):
        assert rows[asked]["state"] == "in the image"
        assert not rows[asked]["fits"]
    assert rows["tqdm>=4"]["fits"]
    assert report(folder)["added"] == {"heat": "1.1"}
    lock = (folder / "adopted/requirements.txt").read_text().splitlines()
    assert [line.partition(" --hash=sha256:")[0] for line in lock] == ["climate==2.0", "heat==1.1"]
    assert told.splitlines()[-1].startswith("8 asked for: 4 in the image, 1 kept, ")


def test_what_the_image_has_is_not_baked_and_compared_at_once(folder: Path, sif: str) -> None:
    # An environment made up of what is read of one: conda's record and Python.
    record = {"name": "numpy", "version": "1.21.2", "build": "py39_0", "requested_spec": "numpy"}
    for name in ("model/conda-meta", "model/bin"):
        (folder / name).mkdir(parents=True)
    (folder / "model/conda-meta/numpy-1.21.2-py39_0.json").write_text(json.dumps(record))
    (folder / "model/bin/python").symlink_to(sys.executable)
    (folder / "own.py").write_text("import sys\nprint('same', sys.argv[1:])\n")
    told, said = adopt(folder, sif, "model", "--", "own.py", "--bake")
    assert [row["name"] for row in report(folder)["rows"]] == ["numpy"]
    assert "nothing to bake" in said
    assert not (folder / "adopted/adopted.sif").exists()
    replay = report(folder)["replay"]
    assert replay["lines"][-1] == "the same output, 16 bytes"
    assert told.splitlines()[-1] == replay["lines"][-1]
    assert {replay[place]["code"] for place in ("environment", "image")} == {0}
    assert replay["image"]["path_calls"] < replay["environment"]["path_calls"]


@pytest.mark.long
def test_it_is_baked_and_the_program_runs_in_it(folder: Path, sif: str) -> None:
    words = ("environment.yml", "--wheelhouse=wheels", "--", "my.py", "x")
    told, _ = adopt(folder, sif, *words)
    made = folder / "adopted/adopted.sif"
    assert "in adopted.sif: exit code 0, 10 bytes" in told
    assert {path.name for path in made.parent.iterdir()} == {
        *("Containerfile", "adopt.json", "adopt.md", "adopted.def", "requirements.txt"),
        *("adopted.sif", "adopted.sif.json", "wheels"),
    }
    inside = (find_apptainer(), "exec", made, "python3", "-m", "hpcpy_bake", "--list")
    listed = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [
        ["climate", "2.0"],
        ["heat", "1.1"],
    ]
    _, said = adopt(folder, sif, *words)
    assert "adopted.sif (up to date)" in said
