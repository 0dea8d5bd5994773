"""The preflight: it says once what is wrong, and is not noticed otherwise.

`mpi4py` is one made of Python here; `tests/image/test_preflight.py` has the real one.
"""

from __future__ import annotations

import os
import signal
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
def Is_initialized(): return INITIALIZED
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
        initialized: Any = True,
        **variables: Any,
    ) -> Any:
        package = tmp_path / "packages/mpi4py"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "MPI.py").write_text(MPI.replace("INITIALIZED", str(initialized)))
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


def test_a_link_to_a_script_has_the_scripts_folder_in_its_path(
    run: Any, script: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(script)
    assert run(link).stdout == run(link, start=()).stdout


def test_a_module_and_a_package_run_as_by_python_itself(run: Any, script: Path) -> None:
    package = script.parent / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(SCRIPT)
    for name in ("mine", "package"):
        words = ["-m", name, "a", "-b"]
        done = run(*words, PYTHONPATH=os.pathsep.join([str(script.parent), *sys.path]))
        plain = run(*words, start=(), PYTHONPATH=str(script.parent))
        assert done.returncode == plain.returncode == 0
        assert done.stdout == plain.stdout


def test_a_traceback_is_the_programs_alone(run: Any, script: Path) -> None:
    script.write_text("def f():\n    raise KeyError('x') from ValueError('y')\nf()\n")
    done, plain = run(script), run(script, start=())
    assert done.returncode == plain.returncode == 1
    assert done.stderr.endswith(plain.stderr)
    assert "runpy" not in done.stderr


def test_a_syntax_error_is_as_ever(run: Any, script: Path) -> None:
    script.write_text("x = (\n")
    done, plain = run(script), run(script, start=())
    assert (done.returncode, done.stderr[-len(plain.stderr) :]) == (1, plain.stderr)
    assert "runpy" not in done.stderr


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ("sys.exit(7)", 7),
        ("sys.exit('text')", 1),
        ("import os; os.kill(os.getpid(), 15)", -signal.SIGTERM),
        ("import os; os.kill(os.getpid(), 2)", -signal.SIGINT),
    ],
)
def test_its_end_is_the_programs(run: Any, script: Path, ends: str, code: Any) -> None:
    script.write_text(f"import sys\n{ends}\n")
    assert run(script).returncode == run(script, start=()).returncode == code


def test_ctrl_c_during_the_look_is_one_line(run: Any, script: Path, tmp_path: Path) -> None:
    # An mpi4py whose import sends the process a SIGINT.
    slow = tmp_path / "slow/mpi4py"
    slow.mkdir(parents=True)
    (slow / "__init__.py").write_text("")
    (slow / "MPI.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)\n")
    path = os.pathsep.join([str(slow.parent), *filter(None, sys.path)])
    done = run(script, PYTHONPATH=path, SLURM_PROCID="0", **SLURM)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "preflight: stopped\n")


def test_functions_of_the_program_can_be_pickled_for_others(run: Any, script: Path) -> None:
    script.write_text(
        "import multiprocessing\n"
        "def twice(x): return 2 * x\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(twice, [3]))\n"
    )
    done = run(script)
    assert (done.returncode, done.stdout) == (0, "[6]\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no program is named"),
        (["-m"], "no program is named"),
        (["absent.py"], "absent.py: there is no such script"),
        (["-m", "absent.part"], "there is no module 'absent.part'"),
        (["-m", "email"], "there is no module 'email'"),
        (["--nix", "x.py"], "unknown option --nix"),
        (["--site"], "no file is named"),
        (["--site=/nonexistent", "x.py"], "cannot be read"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(run: Any, words: Any, says: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_one_rank_of_all_says_that_they_are_apart(run: Any, script: Path) -> None:
    said = [run(script, SLURM_PROCID=str(rank), **SLURM) for rank in range(3)]
    assert [each.returncode for each in said] == [FAULT] * 3
    assert [each.stdout for each in said] == [""] * 3
    assert [each.stderr.count("\n") for each in said] == [1, 0, 0]
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


def test_a_program_that_starts_mpi_itself_is_left_alone(run: Any, script: Path) -> None:
    done = run(script, initialized=False, SLURM_PROCID="0", **SLURM)
    assert done.returncode == 0
    assert "every rank" not in done.stderr


def test_alone_it_starts_no_mpi(run: Any, script: Path) -> None:
    script.write_text("import sys; print('mpi4py' in sys.modules)")
    assert run(script).stdout == run(script, SLURM_PROCID="0", SLURM_STEP_NUM_TASKS="1").stdout
    assert run(script).stdout == "False\n"


def test_a_broken_promise_ends_it(run: Any, script: Path, tmp_path: Path) -> None:
    site = tmp_path / "s.toml"
    site.write_text("[promises]\ngpus = 1000\n")
    done = run("--site", site, script)
    assert (done.returncode, done.stdout) == (FAULT, "")
    assert "preflight: promise.gpus: 1000 is promised" in done.stderr


# With HPCPY_PREFLIGHT alone, without the module, the interpreter's importer calls the hook.
HOOK = "from workloads.preflight import hook; hook.install()\n"


@pytest.mark.parametrize(
    ("value", "code", "lines"), [("on", FAULT, 1), ("warn", 0, 1), ("off", 0, 0), ("x", 2, 1)]
)
def test_the_look_comes_with_mpi(run: Any, script: Path, value: str, code: Any, lines: int) -> None:
    script.write_text(f"{HOOK}from mpi4py import MPI\nprint(MPI.COMM_WORLD.size)\n")
    done = run(script, start=(), HPCPY_PREFLIGHT=value, SLURM_PROCID="0", **SLURM)
    assert (done.returncode, done.stderr.count("\n")) == (code, lines)
    assert done.stdout == ("1\n" if code == 0 else "")


def test_the_hook_leaves_no_trace_on_the_module(run: Any, script: Path) -> None:
    script.write_text(
        f"import sys\nbefore = [*sys.meta_path]\n{HOOK}from mpi4py import MPI\n"
        "assert MPI.__loader__ is MPI.__spec__.loader and sys.meta_path == before\n"
        "print(type(MPI.__loader__).__name__, MPI.__spec__.name)\n"
    )
    done = run(script, start=(), HPCPY_PREFLIGHT="on")
    assert (done.returncode, done.stdout) == (0, "SourceFileLoader mpi4py.MPI\n")


def test_preflight_and_the_hook_look_once(run: Any, script: Path) -> None:
    script.write_text(f"{HOOK}from mpi4py import MPI\n")
    done = run(script, HPCPY_PREFLIGHT="warn", SLURM_PROCID="0", **SLURM)
    assert (done.returncode, done.stderr.count("every rank")) == (0, 1)
