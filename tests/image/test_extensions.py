"""Modules that are linked in behave as shared objects of their packages do."""

import ctypes
import sys
import sysconfig

import pytest

from running import run
from tiers import sampled

DOTTED = sorted(name for name in sys.builtin_module_names if "." in name)


def test_the_packages_modules_are_there() -> None:
    packages = {name.partition(".")[0] for name in DOTTED}
    assert {"line_profiler", "numba", "numpy", "viztracer"} <= packages


@pytest.mark.parametrize("name", sampled(DOTTED, keep=2))
def test_a_linked_module_has_its_full_name(name: str) -> None:
    # In a process of its own: the package's own imports come first there.
    program = (
        f"import importlib; m = importlib.import_module({name!r});"
        "print(m.__name__, m.__spec__.name, m.__spec__.origin)"
    )
    done = run(sys.executable, "-c", program)
    assert done.stderr == ""
    assert done.stdout.split() == [name, name, "built-in"]


def test_no_extension_of_the_library_is_missing_but_those_that_are_said_to_be() -> None:
    states = {
        name.removeprefix("MODULE_").removesuffix("_STATE"): state
        for name, state in sysconfig.get_config_vars().items()
        if name.startswith("MODULE_") and name.endswith("_STATE")
    }
    tests = {name for name in states if "TEST" in name or name.startswith("XX")}
    absent = {name for name, state in states.items() if state != "yes"} - tests
    # docs/explanation/interpreter.md: X11, a licence, and a database that nobody has.
    assert absent == {"_TKINTER", "_GDBM", "_DBM", "_SCPROXY"}
    assert len(states) - len(absent) - len(tests) > 60


def test_pythons_c_api_is_exported_and_nothing_of_the_libraries() -> None:
    program = ctypes.CDLL(None)
    assert program.Py_IsInitialized()
    names = "SSL_new sqlite3_open cblas_dgemm deflate ffi_call dgemm_ H5open"
    for name in (*names.split(), "MPI_Init", "MPI_UNWEIGHTED"):
        with pytest.raises(AttributeError):
            getattr(program, name)


def test_the_math_and_c_libraries_are_the_only_ones_and_known_by_path() -> None:
    env = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_LIBRARY_PATH": "/nonexistent"}
    done = run(sys.executable, env=env, check=True)
    needed = [line.split()[0] for line in done.stdout.splitlines()]
    libraries = [name for name in needed if "vdso" not in name and "ld-linux" not in name]
    assert [name.rpartition("/")[2] for name in libraries] == ["libm.so.6", "libc.so.6"]
    assert all(name.startswith("/") for name in libraries)
