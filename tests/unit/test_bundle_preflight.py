"""With HPCPY_PREFLIGHT set, the importer installs the preflight's hook with mpi4py."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_bundle import Installation

FILES = {
    "workloads/__init__.py": "",
    "workloads/preflight/__init__.py": "",
    "workloads/preflight/hook.py": "def install():\n    print('hook', end=' ')\n",
    "mpi4py/__init__.py": "",
    "mpi4py/util.py": "",
}
PROGRAM = "import mpi4py, mpi4py.util, sys; print('workloads' in sys.modules)"


@pytest.mark.parametrize(
    ("value", "options", "says"),
    [("on", [], "hook True"), ("off", [], "False"), ("on", ["-I"], "False")],
)
def test_when_the_hook_is_installed(
    tmp_path: Path, value: str, options: list[str], says: str
) -> None:
    said = Installation(tmp_path, FILES).says(PROGRAM, *options, HPCPY_PREFLIGHT=value)
    assert said == says


def test_without_the_workloads_the_import_says_so(tmp_path: Path) -> None:
    packages = {"mpi4py/__init__.py": ""}
    done = Installation(tmp_path, packages).run("import mpi4py", HPCPY_PREFLIGHT="on")
    assert done.returncode == 1
    assert "ImportError: HPCPY_PREFLIGHT is set, and this Python does not see" in done.stderr
