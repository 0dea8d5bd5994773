"""A wrong W is reported before a job is asked for, on a host without numpy."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from hpcpy import paths
from hpcpy.launch.workload import fault
from workloads.registry import TOOLS, WORKLOADS


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("mandle", "unknown workload 'mandle'; did you mean mandel?"),
        ("docter", "did you mean doctor?"),
        ("--area area1", "unknown workload '--area'"),
        ("mandel --impl nosuch", "mandel: unknown technique 'nosuch'; there are: all, auto"),
        ("mandel --impl numba,mpi-dynamik", "'mpi-dynamik'; did you mean mpi-dynamic?"),
        ("pi --impl=threds", "did you mean threads?"),
        ("linalg --impl ''", "unknown technique ''"),
        ("mandel --area area9", "argument --area: invalid choice: 'area9'"),
        ("mandel --aera area1", "unrecognized arguments: --aera area1"),
        ("pi -n many", "'many' is not a whole number"),
        ("pi --scale 0", "0 is not at least 1"),
        ("startup --case no", "'no' is none of"),
    ],
)
def test_what_no_machine_can_run_is_told(words: str, says: str) -> None:
    told = fault(shlex.split(words))
    assert says in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "words",
    [
        *("mandel", "mandel --impl mpi-dynamic --area area2", "mandel --impl all", "pi --list"),
        *("mandel --window -1 -1e-3 -inf 1 --size 3 3 --maxiter 9", "pi --impl mpi --help"),
        # What a machine or a folder has is not known here.
        *("pi --impl cupy", "pi --json /nodes/only/x.json", "startup -- /in/the/image.py --help"),
        *("doctor --site x", "--help", "-h", "--version"),
    ],
)
def test_what_some_machine_may_run_is_let_through(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fault(words.split()) == ""
    assert capsys.readouterr() == ("", "")


def test_every_workload_is_known_without_its_packages() -> None:
    # A login node's Python has no site-packages of ours.
    script = (
        "import sys; from hpcpy.launch.workload import fault\n"
        "for name in sys.argv[1:]: assert fault([name]) == '', name\n"
        "assert not {'numpy', 'mpi4py', 'multiprocessing'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-S", "-c", script, *WORKLOADS, *TOOLS],
        env={"PYTHONPATH": str(paths.ROOT / "src")},
        check=True,
    )
