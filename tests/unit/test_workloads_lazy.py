"""No workload or tool imports a large package to print its help or its list."""

from __future__ import annotations

from processes import python

from workloads.registry import TOOLS, WORKLOADS

HEAVY = ("numpy", "mpi4py", "numba", "cupy", "h5py", "pyopencl", "matplotlib", "multiprocessing")
# All in one process: the first that imports one of them is named.
PROGRAM = """
import sys
from workloads.__main__ import main
for line in sys.argv[1:]:
    try:
        main(line.split())
    except SystemExit:
        pass
    found = {name.partition(".")[0] for name in sys.modules} & {HEAVY}
    assert not found, (line, found)
"""


def test_help_and_lists_import_nothing_heavy() -> None:
    lines = [f"{name} --help" for name in (*WORKLOADS, *TOOLS)]
    lines += [f"{name} --list" for name in WORKLOADS]
    program = PROGRAM.replace("{HEAVY}", repr({*HEAVY}))
    done = python("-c", program, "--help", *lines, "doctor --quick --only cpu")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit code" in done.stdout
