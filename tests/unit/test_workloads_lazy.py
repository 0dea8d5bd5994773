"""No workload imports a large package to print its help or its list."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from workloads.registry import WORKLOADS

HEAVY = ("numpy", "mpi4py", "numba", "cupy", "h5py", "matplotlib", "multiprocessing")


@pytest.mark.parametrize("option", ["--help", "--list"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_help_and_list_import_nothing_heavy(name: str, option: str) -> None:
    code = (
        "import sys; from workloads.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in "
        f"{HEAVY}), sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name, option],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    assert done.stderr.split() == []
