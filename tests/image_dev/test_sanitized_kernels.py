"""The workloads' Cython and Fortran, compiled with sanitizers: the image's tests of them pass.

In the image `sanitized` the rest of our C is compiled so; compiling these takes compilers.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import extension_kinds as kinds
import numpy as np
import pytest
from numpy import f2py

import workloads

# A file of tests -> the kernels that it tests.
KERNELS = {
    "test_mandel_answers.py": ("mandel._kernels_cython", "mandel._kernels_f2py"),
    "test_pi_kernels.py": ("pi._kernels_cython", "pi._kernels_twister"),
}
TESTS = Path(__file__).parents[1] / "image"
# As recipes/kernels.sh compiles them, but for the sanitizers.
OPTIONS = (
    *("-g", "-O1", "-fPIC", "-ffp-contract=off", "-fno-strict-aliasing"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
# A module that pytest loads before the tests: their imports then find these kernels.
PLUGIN = """
import importlib.util, pathlib, sys
for path in pathlib.Path(__file__).parent.glob("workloads.*.so"):
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
"""


def compiled(folder: Path, name: str) -> Path:
    """Compile a kernel; return the module."""
    workload, module = name.split(".")
    work = folder / name
    shutil.copytree(Path(workloads.__file__).with_name(workload) / "kernels", work)
    includes = [f"-I{path}" for path in (sysconfig.get_path("include"), np.get_include(), work)]
    if work.joinpath(f"{module}.pyx").exists():
        kinds.run(work, "cython", "-3", f"{module}.pyx")
        parts = [f"{module}.c"]
    else:
        kinds.run(work, "python", "-m", "numpy.f2py", "--lower", "-m", module, f"{module}.f90")
        kinds.run(work, "gfortran", *OPTIONS, "-c", f"{module}.f90")
        shutil.copy(Path(f2py.get_include(), "fortranobject.c"), work)
        includes.append(f"-I{f2py.get_include()}")
        parts = [f"{module}module.c", "fortranobject.c", f"{module}.o"]
    made = folder / f"workloads.{name}.so"
    kinds.run(work, "gcc", *OPTIONS, *includes, "-shared", *parts, "-o", made)
    assert b"__asan_report" in made.read_bytes()
    return made


@pytest.mark.parametrize("tests", KERNELS)
def test_kernels_do_no_harm(tests: str, tmp_path: Path) -> None:
    for name in KERNELS[tests]:
        compiled(tmp_path, name)
    tmp_path.joinpath("kernels_first.py").write_text(PLUGIN)
    asked = ["gcc", "-print-file-name=libasan.so"]
    library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    kinds.run(
        *(tmp_path, "python", "-m", "pytest", "-q", "-s", "-pno:cacheprovider", "-pkernels_first"),
        *(f"--rootdir={TESTS.parent}", "-k", "cython or f2py or twister", TESTS / tests),
        PYTHONPATH=str(tmp_path),
        LD_PRELOAD=library,
        # CPython does not free all memory when it ends.
        ASAN_OPTIONS="detect_leaks=0",
    )
