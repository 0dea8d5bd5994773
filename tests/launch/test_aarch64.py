"""Images for aarch64, on x86-64, by QEMU: what a program in the image alone does not see.

`make test ARCH=aarch64` runs them after tests of tests/image (tests/emulated.toml).
"""

import json
import os
import re
import sys

import pytest

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from hpcpy.images.graph import Image, the_graph
from hpcpy.images.outputs import archive_path, sif_path, standalone_path
from hpcpy.images.sbom_file import sbom_of
from measure.cases import CASES, Case
from running import Done, printed, run

# What CPython's configure may answer otherwise than on x86-64.
OTHERS = {
    *("HAVE_GCC_ASM_FOR_X64", "HAVE_GCC_ASM_FOR_X87", "HAVE_USABLE_WCHAR_T"),
    *("PY_SUPPORT_TIER", "_Py_HACL_CAN_COMPILE_VEC128", "_Py_HACL_CAN_COMPILE_VEC256"),
}
GRAPH = the_graph().for_arch("aarch64")
IMAGES = [GRAPH.image(name) for name in ("hpcpy", "hpcpy-core", "plain")]
EMULATOR = (sys.executable, "-m", "hpcpy.engine.emulation")
PAGE = 65536


def built(image: Image) -> Image:
    if not sif_path(image).exists():
        pytest.skip(f"{image.file}.sif is not there: make sif IMAGE={image.name} ARCH=aarch64")
    return image


@pytest.fixture(params=IMAGES, ids=lambda one: one.name)
def image(request: pytest.FixtureRequest) -> Image:
    return built(request.param)


@pytest.fixture
def hpcpy() -> Image:
    return built(IMAGES[0])


def started(*words: object, **variables: str) -> Done:
    env = {**os.environ, "PYTHONPATH": str(paths.ROOT / "src"), **variables}
    return run(*EMULATOR, *words, env=env)


def emulated(image: Image, *words: object, options: tuple[str, ...] = ()) -> str:
    """Return what a program of the image prints; it must end well and warn of nothing."""
    # -u: root of a user namespace may not mount a SIF as root may.
    start = (find_apptainer(), "exec", "-u", "--cleanenv", *options)
    return printed(started(*start, sif_path(image), *words))


def test_python_is_of_aarch64_and_has_its_packages_built_in(image: Image) -> None:
    program = (
        "import platform, sysconfig, numba\n"
        "from importlib.util import find_spec\n"
        "modules = 'numpy._core._multiarray_umath', 'numba._dispatcher', 'h5py.h5', 'mpi4py.MPI'\n"
        "print(platform.machine(), sysconfig.get_platform(), *(\n"
        "    find_spec(name).origin for name in modules))"
    )
    answers = emulated(image, "python3", "-c", program).split()
    assert answers == ["aarch64", "linux-aarch64", *["built-in"] * 4]


def test_every_module_of_the_bundle_loads(image: Image) -> None:
    emulated(image, "python3", "-m", "hpcpy_info", "--check")


def test_configure_has_asked_the_target_and_not_this_machine(hpcpy: Image) -> None:
    own = sif_path(the_graph().image("hpcpy"))
    if not own.exists():
        pytest.skip(f"{own} is not there; run: make sif")
    shown = ("sh", "-c", "cat /opt/hpcpy/include/python3.*/pyconfig.h")
    texts = [emulated(hpcpy, *shown), run(find_apptainer(), "exec", own, *shown).stdout]
    defined = [set(re.findall(r"(?m)^#define (\w+ .*)$", text)) for text in texts]
    assert {line.split()[0] for line in defined[0] ^ defined[1]} == OTHERS


def test_linear_algebra_and_compiled_functions_are_right(hpcpy: Image) -> None:
    program = (
        "import numba, numpy as np\n"
        "a = np.arange(48.0).reshape(8, 6) % 7\n"
        "u, s, v = np.linalg.svd(a, full_matrices=False)\n"
        "twice = numba.njit(lambda x: x + x)\n"
        "print(np.allclose(u * s @ v, a), twice(21), np.finfo(np.longdouble).nmant)"
    )
    assert emulated(hpcpy, "python3", "-c", program).split() == ["True", "42", "112"]


def test_programs_can_be_loaded_where_pages_have_64_kib(hpcpy: Image) -> None:
    program = (
        "import pathlib, struct\n"
        "for path in pathlib.Path('/').glob('[ou]*/**/*'):\n"
        "    if path.is_file() and not path.is_symlink():\n"
        "        data = path.read_bytes()[:4096]\n"
        "        if data[:4] == b'\\x7fELF' and data[16] in (2, 3):\n"
        "            at, count = *struct.unpack_from('<Q', data, 32), data[56]\n"
        "            for one in (data[at + 56 * k:][:56] for k in range(count)):\n"
        "                kind, offset, place = struct.unpack_from('<I4xQQ', one)\n"
        f"                if kind == 1 and (offset - place) % {PAGE}:\n"
        "                    print(path)"
    )
    assert emulated(hpcpy, "python3", "-c", program) == ""


@pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.name)
def test_a_start_asks_the_file_system_for_as_little_as_on_x86_64(hpcpy: Image, case: Case) -> None:
    words = ("exec", "-u", "--cleanenv", "--env", "QEMU_STRACE=1", sif_path(hpcpy))
    log = started(find_apptainer(), *words, "python3", *case.arguments(paths.ROOT)).stderr
    last = re.findall(r"(?m)^(\d+) exit_group\(0\)", log)[-1]
    calls = re.findall(rf'(?m)^{last} ((?:open|newfstat|readlink|faccess)\w*\(.*?"/.*)$', log)
    assert case.goal is not None
    assert 0 < len(calls) <= case.goal.path_calls, "\n".join(calls)


# In an image, which has a C library of aarch64.
def test_the_one_file_runs_and_computes(hpcpy: Image) -> None:
    file = standalone_path(IMAGES[1])
    if not file.exists():
        pytest.skip(f"{file.name} is not there; run: make standalone ARCH=aarch64")
    words = ("-m", "workloads", "mandel", "--area", "area1", "--impl", "numpy,simd")
    said = emulated(hpcpy, f"/mnt/{file.name}", *words, options=(f"--bind={file.parent}:/mnt",))
    assert said.count("matches the reference") == 3


def test_the_archive_and_its_sbom_are_of_arm64(image: Image) -> None:
    archive = archive_path(image)
    done = run("skopeo", "inspect", "--config", f"oci-archive:{archive}", check=True)
    assert json.loads(done.stdout)["architecture"] == "arm64"
    wheels = [word for word in sbom_of(archive).split('"') if word.endswith("64.whl")]
    assert {"aarch64" in one for one in wheels if "llvmlite" in one} == {True}
