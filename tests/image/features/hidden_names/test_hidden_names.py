"""A file beside the script that has the name of a package: who wins, and who is told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from running import run

# An own module, to see what was imported, and whether others say so.
OWN = "MINE = True\n"
ASKED = "import sys, {name} as asked; print(hasattr(asked, 'MINE'))"
HIDDEN = [
    ("pluggy.py", "pluggy"),
    ("iniconfig/__init__.py", "iniconfig"),
]
NOT_TOLD = [
    # The standard library's goes first, too; docs/interpreter.md says so.
    ("random.py", "random", False),
    # Elsewhere a folder without __init__.py wins over no package either.
    ("iniconfig/part.py", "iniconfig", False),
    ("mine.py", "mine", True),
    # For the packages of core a look would cost every start; but see the next test.
    ("numpy.py", "numpy", False),
]


def told(file: Path, name: str) -> str:
    return (
        f"hpcpy: {file} is not imported: the image's package {name} goes first; "
        f"HPCPY_PREFER={name} takes yours\n"
    )


def ran(
    folder: Path, file: str, program: str, code: int = 0, /, **variables: str
) -> tuple[str, str]:
    """Run a program with one more file beside it; return what it prints and what is said."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(OWN)
    script = folder / "script.py"
    script.write_text(program)
    done = run(sys.executable, script, env={**os.environ, **variables})
    assert done.returncode == code, done.stderr
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize(("file", "name"), HIDDEN)
def test_the_images_package_wins_and_that_is_said(tmp_path: Path, file: str, name: str) -> None:
    said = ran(tmp_path, file, ASKED.format(name=name))
    assert said == ("False", told(tmp_path / file, name))


@pytest.mark.parametrize(("file", "name", "is_own"), NOT_TOLD)
def test_of_others_nothing_is_said(tmp_path: Path, file: str, name: str, is_own: bool) -> None:
    assert ran(tmp_path, file, ASKED.format(name=name)) == (str(is_own), "")


def test_a_program_that_failed_is_told_of_the_core_stack_too(tmp_path: Path) -> None:
    file, name = "h5py/__init__.py", "h5py"
    wrong = f"import {name}, viztracer; {name}.MINE"
    _, said = ran(tmp_path, file, wrong, 1)
    assert said.endswith(told(tmp_path / file, name))
    assert (said.count("AttributeError: "), said.count("hpcpy: ")) == (1, 1)
    # A failure of something else, and another rank's.
    assert "hpcpy: " not in ran(tmp_path, file, "import viztracer; 1 / 0", 1)[1]
    assert "hpcpy: " not in ran(tmp_path, file, wrong, 1, PMI_RANK="1")[1]


def test_children_and_other_ranks_do_not_say_it_again(tmp_path: Path) -> None:
    program = """
import pluggy, multiprocessing
def work(_): return 1
if __name__ == "__main__":
    for way in ("spawn", "forkserver", "fork"):
        with multiprocessing.get_context(way).Pool(2) as pool:
            print(sum(pool.map(work, range(4))))
"""
    said = ran(tmp_path, "pluggy.py", program)
    assert said == ("4\n4\n4", told(tmp_path / "pluggy.py", "pluggy"))
    for rank in ("PMI_RANK", "PMIX_RANK", "SLURM_PROCID"):
        assert ran(tmp_path, "pluggy.py", "import pluggy", **{rank: "1"}) == ("", "")
        assert ran(tmp_path, "pluggy.py", "import pluggy", **{rank: "0"})[1]


def test_the_users_is_taken_where_it_is_preferred(tmp_path: Path) -> None:
    assert ran(tmp_path, "pluggy.py", ASKED.format(name="pluggy"), HPCPY_PREFER="pluggy") == (
        "True",
        "",
    )
