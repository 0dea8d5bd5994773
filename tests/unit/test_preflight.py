"""The preflight: it says once what is wrong, and is not noticed otherwise.

`mpi4py` is one made of Python here; `tests/image/test_preflight.py` has the real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workloads.preflight.check import FAULT

# A world of one rank, as MPI has it without a launcher.
MPI = """
class COMM_WORLD:
    size, rank = 1, 0
def Is_initialized(): return True
def Is_finalized(): return False
def Get_library_version(): return "MPICH Version: 4.9.9"
def Get_version(): return (4, 0)
"""
SLURM = {"SLURM_STEP_NUM_TASKS": "3"}
SCRIPT = "import sys\nprint(sys.argv, sys.path[0], __name__, __file__)\n"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Return a function that runs a program after the preflight, with such an mpi4py."""

    def start(
        *words: Any,
        start: Any = ("-m", "workloads.preflight"),
        **variables: Any,
    ) -> Any:
        package = tmp_path / "packages/mpi4py"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "MPI.py").write_text(MPI)
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PMI", "OMPI_", "SLURM_", "HPCPY_", "CUDA_", "PYTHON"))
        }
        path = os.pathsep.join([str(tmp_path / "packages"), *filter(None, sys.path)])
        return subprocess.run(
            [sys.executable, *start, *map(str, words)],
            env={**environ, "PYTHONPATH": path, "NO_COLOR": "1", **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return start


@pytest.fixture
def script(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "mine.py"
    path.write_text(SCRIPT)
    return path


def test_a_script_runs_as_by_python_itself(run: Any, script: Path) -> None:
    done = run(script, "-m", "--site", "x")
    plain = run(script, "-m", "--site", "x", start=())
    assert (done.returncode, done.stdout) == (0, plain.stdout)
    assert "'-m', '--site', 'x'" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no program is named"),
        (["absent.py"], "absent.py: there is no such script"),
        (["--nix", "x.py"], "unknown option --nix"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(run: Any, words: Any, says: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_one_rank_of_all_says_that_they_are_apart(run: Any, script: Path) -> None:
    said = [run(script, SLURM_PROCID=rank, **SLURM) for rank in "02"]
    assert [each.returncode for each in said] == [FAULT] * 2
    assert [each.stdout for each in said] == [""] * 2
    assert [each.stderr.count("\n") for each in said] == [1, 0]
    assert said[0].stderr.startswith(
        "preflight: mpi.ranks: every rank is rank 0 of 1: srun started 3"
    )
    assert "srun --mpi=pmi2" in said[0].stderr


@pytest.mark.parametrize(("value", "lines"), [("warn", 1), ("off", 0)])
def test_it_may_go_on(run: Any, script: Path, value: str, lines: int) -> None:
    done = run(script, HPCPY_PREFLIGHT=value, SLURM_PROCID="0", **SLURM)
    assert done.returncode == 0
    assert "mine.py" in done.stdout
    assert done.stderr.count("\n") == lines
    assert done.stderr.startswith("preflight: warning: mpi.ranks: every rank" if lines else "")


def test_a_variable_that_nobody_knows_is_refused(run: Any, script: Path) -> None:
    done = run(script, HPCPY_PREFLIGHT="yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "preflight: HPCPY_PREFLIGHT=yes is none of on, warn, off\n"


def test_a_library_that_does_not_load_is_said_once(run: Any, script: Path) -> None:
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = run(script, SLURM_PROCID="0", **SLURM, **variables)
    assert (done.returncode, done.stdout) == (FAULT, "")
    assert "preflight: mpi.library: none: No module named 'mpi4py'" in done.stderr
    assert run(script, SLURM_PROCID="1", **SLURM, **variables).stderr == ""
