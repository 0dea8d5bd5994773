"""hpcpy-dev compiles each kind of extension module for a user who is not root, offline.

`tests/launch/test_images.py` imports them in hpcpy.
"""

import ctypes
import os
import re
import runpy
import sysconfig
from pathlib import Path

import extension_kinds as kinds
import extension_sources as sources
import pytest

from running import run
from sbom import installed_by_dpkg, packages, relations
from small_packages import wheel
from workloads.exercise import tasks

MISTAKES = Path(__file__).parents[1] / "image" / "mistakes.py"


@pytest.mark.parametrize("kind", kinds.BUILDERS)
def test_a_module_is_compiled_and_gives_pythons_answer(kind: str, tmp_path: Path) -> None:
    kinds.BUILDERS[kind](tmp_path)
    kinds.run(tmp_path, *kinds.check_command(kind))


def test_the_executable_exports_every_name_of_the_headers() -> None:
    folder = Path(sysconfig.get_path("include"))
    headers = ["Python.h", *sorted(file.name for file in folder.glob("*.h"))]
    marked = [f"-DPyAPI_{kind}(type)=EXPORTED type" for kind in ("FUNC", "DATA")]
    included = "".join(f'#include "{name}"\n' for name in headers)
    done = run("gcc", "-E", "-P", *marked, "-I", folder, "-x", "c", "-", input=included, check=True)
    # A variable that points to a function has its name in parentheses.
    declared = re.sub(r"__attribute__ *\(\(.*?\)\)", "", done.stdout)
    names = re.findall(r"EXPORTED [\w\s*]*?(?:\(\s*\*\s*)?(\w+)\s*[\[();](?!\s*\*)", declared)
    assert len(names) == declared.count("EXPORTED ") > 1300
    program = ctypes.CDLL(None)
    assert [name for name in names if not hasattr(program, name)] == []


def test_what_asks_for_distutils_finds_that_of_setuptools(tmp_path: Path) -> None:
    # The slides' line, which must give no warning, as in any Python with setuptools.
    line = "from distutils.core import setup, Extension"
    kinds.run(tmp_path, "python", "-W", "error", "-c", line, HOME=str(tmp_path))


@pytest.mark.parametrize("modules", ["", "stock"])
def test_an_isolated_build_has_the_cython_that_it_requires(modules: str, tmp_path: Path) -> None:
    wheel(tmp_path, "cython", "99.0", {"Cython/__init__.py": "__version__ = '99.0'\n"})
    package = tmp_path / "package"
    package.mkdir()
    package.joinpath("pyproject.toml").write_text(
        "[build-system]\nrequires = ['cython==99.0']\n"
        "build-backend = 'backend'\nbackend-path = ['.']\n"
    )
    package.joinpath("backend.py").write_text("import Cython\nexit(f'has {Cython.__version__}')\n")
    env = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "HPCPY_MODULES": modules}
    command = ("pip", "wheel", "--no-index", f"--find-links={tmp_path}", package)
    done = run(*command, cwd=tmp_path, env=env)
    assert "has 99.0" in done.stdout + done.stderr


def test_a_program_of_mpis_is_compiled_and_run(tmp_path: Path) -> None:
    tmp_path.joinpath("sum.c").write_text(sources.C_SUM)
    kinds.run(tmp_path, "mpicc", "-O2", "sum.c", "-o", "sum")
    done = run("mpiexec", "-n", "2", tmp_path / "sum")
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def test_the_exercise_that_needs_cython_can_be_checked(tmp_path: Path) -> None:
    exercise, file = ("python", "-m", "workloads", "exercise", "heat-cython"), tmp_path / "my.py"
    run(*exercise, "--solution", "--to", file)
    done = run(*exercise, "--check", file)
    assert (done.returncode, done.stdout) == (0, "heat-cython: right\n"), done.stderr
    for right, wrong, message in runpy.run_path(str(MISTAKES))["MISTAKES"]["heat-cython"]:
        text = tasks.text("heat-cython", solved=True)
        file.write_text(text.replace(right, wrong, 1))
        done = run(*exercise, "--check", file)
        assert (done.returncode, done.stdout) == (1, "")
        assert message in done.stderr


def test_c_that_ctypes_and_cffi_call_gives_every_pixel() -> None:
    # Of area2, in which one fused operation changes thousands.
    done = run("python", "-m", "workloads", "mandel", "--area", "area2", "--impl", "ctypes,cffi")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("  matches the reference") == 2


def test_the_compilers_are_installed_by_dpkg_and_in_the_sbom() -> None:
    there = installed_by_dpkg()
    assert {"binutils", "g++", "gcc", "gfortran", "libc6-dev", "make", "pkgconf"} <= {*there}
    named = packages("debian")
    assert {name: named[name]["versionInfo"] for name in there} == there
    # A package that dpkg has installed counts as installed, even if hpcpy links it in.
    assert not {one for _, one in relations("STATIC_LINK")} & {*there}
