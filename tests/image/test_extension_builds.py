"""The image has what a build of an extension module asks for: hpcpy-dev takes it from hpcpy.

The builds themselves: `tests/image_dev`, `tests/launch/test_dev_image.py`.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

from running import run


def test_headers_and_declarations_of_python_numpy_and_mpi4py_are_there() -> None:
    import mpi4py
    import numpy

    for header in ("Python.h", "pyconfig.h", "cpython/object.h"):
        assert Path(sysconfig.get_path("include"), header).is_file()
    assert Path(numpy.get_include(), "numpy/arrayobject.h").is_file()
    assert Path(numpy.__file__).with_name("__init__.pxd").is_file()
    assert Path(mpi4py.get_include(), "mpi4py/mpi4py.h").is_file()
    assert Path(mpi4py.__file__).with_name("MPI.pxd").is_file()


def test_names_and_compilers_are_those_of_a_debian() -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert suffix.startswith(".cpython-3")
    assert suffix.endswith("-x86_64-linux-gnu.so")
    asked = ("CC", "CXX", "LDSHARED", "CCSHARED", "AR")
    found = [sysconfig.get_config_var(name) for name in asked]
    assert found == ["gcc", "g++", "gcc -shared", "-fPIC", "ar"]
    # A module takes the interpreter's functions of the program that imports it.
    assert not sysconfig.get_config_var("Py_ENABLE_SHARED")


def test_python3_config_says_the_same() -> None:
    said = run("python3-config", "--includes", "--extension-suffix", check=True).stdout.split()
    include = f"-I{sysconfig.get_path('include')}"
    assert said == [include, include, sysconfig.get_config_var("EXT_SUFFIX")]
