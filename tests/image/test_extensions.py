"""The image's own modules come from memory; those that are linked in are as shared objects."""

import ctypes
import os
import re
import sys
import sysconfig
from pathlib import Path

import pytest

import _hpcpy_importer as importer
from running import printed, run
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


OWN_NUMPY = {
    "numpy/__init__.py": "__version__ = '0.1'\n",
    "numpy/linalg.py": "OWN = True\n",
    "numpy-0.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n",
    "numpy-0.1.dist-info/RECORD": "",
}


def python(*arguments: str, program: str = sys.executable, **variables: str) -> str:
    shown = printed(run(program, *arguments, env={**os.environ, **variables}))
    return shown.strip()


def test_every_module_of_the_tree_is_in_memory() -> None:
    from _hpcpy_folders import Loader

    bundle = importer.finder().bundle
    missing = []
    for folder in bundle.folders():
        for file in Path(folder.path).glob("*.py"):
            if "." not in file.stem and file.stem != "__init__":
                spec = folder.find_spec(file.stem)
                if spec is None or not isinstance(spec.loader, Loader):
                    missing.append(file)
    shadowed = [file for file in missing if not list(file.parent.glob(f"{file.stem}.*.so"))]
    assert [str(file) for file in shadowed] == bundle.about["from source"]


def test_information_names_packages_and_where_a_module_comes_from() -> None:
    said = python("-m", "hpcpy_info")
    assert "numpy " in said
    # A package and its __init__ are one module.
    (counted,) = re.findall(r"(\d+) modules in memory", said)
    assert f"{counted} modules in memory, each" in python("-m", "hpcpy_info", "--check")
    assert "in memory" in python("-m", "hpcpy_info", "numpy.linalg", "json")


@pytest.mark.parametrize("output", [">&-", "</dev/null >&0"])  # which cannot be written
@pytest.mark.parametrize("words", ["hpcpy_info", "hpcpy_info --help"])
def test_an_answer_that_nobody_gets_is_an_error(words: str, output: str) -> None:
    command = f'exec "$0" -m {words} {output}'
    done = run("sh", "-c", command, sys.executable)
    assert (done.returncode, done.stderr.count("\n")) == (73, 1)


def test_information_names_the_function_of_an_address_in_a_crash_report() -> None:
    crash = """
import faulthandler, numpy
faulthandler.enable()
numpy.lib.stride_tricks.as_strided(numpy.ones(4), (2,), (1 << 46,)).sum()
"""
    report = run(sys.executable, "-c", crash).stderr
    addresses = re.findall(r"python\S*\".*\[(0x[0-9a-f]+)\]", report)
    lines = python("-m", "hpcpy_info", *addresses).splitlines()
    assert len(lines) == len(addresses) > 5
    numpy = re.compile(r"0x\w+: numpy\._core\._multiarray_umath: DOUBLE_\w+\+0x")
    assert any(numpy.match(line) for line in lines), lines
    assert any(": libpython.a(ceval.o): _PyEval_EvalFrameDefault+0x" in line for line in lines)
    done = run(sys.executable, "-m", "hpcpy_info", "0x10")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_venvs_package_replaces_the_c_parts_too(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python("-m", "venv", "--system-site-packages", "--without-pip", str(venv))
    program = str(venv / "bin/python")
    numpy = "import numpy, sys; print(numpy.__version__, sys.prefix)"
    assert python("-c", numpy, program=program).endswith(str(venv))
    site = next(venv.glob("lib/python3*/site-packages"))
    for name, text in OWN_NUMPY.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code = (
        "import numpy, numpy.linalg, importlib.metadata as m\n"
        "print(numpy.__version__, numpy.linalg.OWN, m.version('numpy'))\n"
        "try:\n"
        "    import numpy._core._multiarray_umath\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    said = python("-c", code, program=program).splitlines()
    assert said == ["0.1 True 0.1", "No module named 'numpy._core'"]


def test_the_prompt_completes_what_no_folder_lists() -> None:
    program = """
from _pyrepl._module_completer import ModuleCompleter
print(*ModuleCompleter().get_completions("import collections."))
"""
    assert python("-c", program) == "collections.abc"
