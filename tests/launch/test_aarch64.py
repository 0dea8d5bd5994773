"""The image plain-core for aarch64, on x86-64: it starts, and computes exactly, by QEMU."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from hpcpy.build.archive import sbom_of
from hpcpy.build.current import archive_path, sif_path
from hpcpy.build.graph import the_graph
from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from running import Done, run

# What CPython's configure may answer otherwise than on x86-64.
OTHERS = {
    *("HAVE_GCC_ASM_FOR_X64", "HAVE_GCC_ASM_FOR_X87", "HAVE_USABLE_WCHAR_T"),
    *("PY_SUPPORT_TIER", "_Py_HACL_CAN_COMPILE_VEC128", "_Py_HACL_CAN_COMPILE_VEC256"),
}
IMAGE = the_graph().for_arch("aarch64").image("plain-core")
SIF = sif_path(IMAGE)

if not SIF.exists():
    pytest.skip(
        f"{SIF} is not there; run: sudo make sif IMAGE=plain-core ARCH=aarch64",
        allow_module_level=True,
    )


def emulated(*words: object, **variables: str) -> Done:
    """Run a program of the image; it must end well and warn of nothing."""
    # -u: root of a user namespace may not mount a SIF as root may.
    start = (sys.executable, "-m", "hpcpy.engine.emulation", find_apptainer(), "exec", "-u")
    env = {**os.environ, "PYTHONPATH": str(paths.ROOT / "src"), **variables}
    done = run(*start, "--cleanenv", SIF, *words, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done


def says(program: str) -> str:
    return emulated("python3", "-c", program).stdout.strip()


def test_python_is_of_aarch64_and_has_its_packages_built_in() -> None:
    program = (
        "import platform, sysconfig, numba\n"
        "from importlib.util import find_spec\n"
        "modules = 'numpy._core._multiarray_umath', 'numba._dispatcher', 'h5py.h5', 'mpi4py.MPI'\n"
        "print(platform.machine(), sysconfig.get_platform(), *(\n"
        "    find_spec(name).origin for name in modules))"
    )
    assert says(program).split() == ["aarch64", "linux-aarch64", *["built-in"] * 4]


def test_configure_has_asked_the_target_and_not_this_machine() -> None:
    own = sif_path(the_graph().image("hpcpy"))
    if not own.exists():
        pytest.skip(f"{own} is not there; run: make sif")
    shown = ("sh", "-c", "cat /opt/hpcpy/include/python3.*/pyconfig.h")
    texts = [emulated(*shown).stdout, run(find_apptainer(), "exec", own, *shown).stdout]
    defined = [set(re.findall(r"(?m)^#define (\w+ .*)$", text)) for text in texts]
    assert {line.split()[0] for line in defined[0] ^ defined[1]} == OTHERS


def test_every_module_of_the_bundle_loads() -> None:
    emulated("python3", "-m", "hpcpy_info", "--check")


def test_linear_algebra_and_compiled_functions_are_right() -> None:
    program = (
        "import numba, numpy as np\n"
        "a = np.arange(48.0).reshape(8, 6) % 7\n"
        "u, s, v = np.linalg.svd(a, full_matrices=False)\n"
        "twice = numba.njit(lambda x: x + x)\n"
        "print(np.allclose(u * s @ v, a), twice(21), np.finfo(np.longdouble).nmant)"
    )
    assert says(program).split() == ["True", "42", "112"]


def test_hdf5_reads_what_it_has_written() -> None:
    program = (
        "import h5py, numpy as np\n"
        "with h5py.File('x', 'w', driver='core', backing_store=False) as file:\n"
        "    file.create_dataset('a', data=np.arange(9), compression='gzip')\n"
        "    print(file['a'][:].sum(), h5py.get_config().mpi)"
    )
    assert says(program).split() == ["36", "True"]


@pytest.mark.parametrize("technique", ["numpy", "numba", "cython", "f2py", "simd"])
def test_mandel_is_exact_to_the_last_pixel(technique: str) -> None:
    shape = ("--area", "area1", "--impl", technique)
    assert (
        "matches the reference" in emulated("python3", "-m", "workloads", "mandel", *shape).stdout
    )


def test_pi_is_counted_alike_by_every_technique() -> None:
    techniques = ["python", "cython-seeded", "numpy", "cython", "threads", "multiprocessing"]
    wanted = ("-n", 100_000, "--impl", ",".join(techniques))
    done = emulated("python3", "-m", "workloads", "pi", *wanted)
    right = re.findall(r"(?m)^(\S+) .*matches the definition", done.stdout)
    assert {*techniques} <= {*right}


def test_the_archive_and_its_sbom_are_of_arm64() -> None:
    archive = archive_path(IMAGE)
    done = run("skopeo", "inspect", "--config", f"oci-archive:{archive}", check=True)
    assert json.loads(done.stdout)["architecture"] == "arm64"
    wheels = [word for word in sbom_of(archive).split('"') if word.endswith("64.whl")]
    assert {"aarch64" in one for one in wheels if "llvmlite" in one} == {True}
