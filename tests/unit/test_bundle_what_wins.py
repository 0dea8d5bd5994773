"""The bundle wins, unless users ask for a package of their own, which then wins as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from small_bundle import Installation, distribution, write

FILES = {
    "twofold/__init__.py": "VERSION = 1\n",
    "twofold/part.py": "VERSION = 1\n",
    "twofold/old.py": "VERSION = 1\n",
    "companion.py": "VERSION = 1\n",
    "sitecustomize.py": "import sys\nsys.customized = 'ours'\n",
    **distribution("Two-Fold", "1", "twofold/__init__.py", "companion.py"),
}
OWN = {
    "twofold/__init__.py": "VERSION = 2\n",
    "twofold/part.py": "VERSION = 2\n",
    "companion.py": "VERSION = 2\n",
}
# A C part linked into the interpreter, twofold._core of version 1.
LINKED = """
import _imp, types
from importlib.machinery import BuiltinImporter
# Debian 12's Python asks for no built-in module of a package, later ones do.
BuiltinImporter.find_spec = lambda name, *path, find=BuiltinImporter.find_spec: find(name)
def is_builtin(name, real=_imp.is_builtin):
    return 1 if name == "twofold._core" else real(name)
def create(spec, real=_imp.create_builtin):
    if spec.name != "twofold._core":
        return real(spec)
    module = types.ModuleType(spec.name)
    module.VERSION = 1
    return module
_imp.is_builtin, _imp.create_builtin, _imp.exec_builtin = is_builtin, create, lambda module: 0
sys.builtin_module_names += ("twofold._core",)
"""
VERSIONS = """
import twofold, twofold.part, companion
print(twofold.VERSION, twofold.part.VERSION, companion.VERSION)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return Installation(tmp_path, FILES)


@pytest.fixture
def own(installed: Installation) -> str:
    folder = installed.folder / "own"
    write(folder, OWN)
    return str(folder)


def test_bundle_comes_before_the_working_folder(installed: Installation) -> None:
    write(installed.folder, OWN)
    assert installed.says(VERSIONS) == "1 1 1"


def test_bundle_comes_before_pythonpath(installed: Installation, own: str) -> None:
    assert installed.says(VERSIONS, PYTHONPATH=own) == "1 1 1"


@pytest.mark.parametrize("asked", ["twofold", "two-fold", "Two_Fold", "x, companion"])
def test_named_package_is_replaced_with_all_of_its_distribution(
    installed: Installation, own: str, asked: str
) -> None:
    assert installed.says(VERSIONS, PYTHONPATH=own, HPCPY_PREFER=asked) == "2 2 2"


def test_module_that_the_other_version_lacks_is_not_taken_from_the_bundle(
    installed: Installation, own: str
) -> None:
    program = """
        import twofold
        try:
            import twofold.old
        except ModuleNotFoundError as error:
            print(error)
        """
    said = installed.says(program, PYTHONPATH=own, HPCPY_PREFER="twofold")
    assert said == "No module named 'twofold.old'"


def test_built_in_part_goes_with_its_package(installed: Installation, own: str) -> None:
    program = """
        try:
            import twofold._core as core
        except ModuleNotFoundError as error:
            print(error)
        else:
            print(core.VERSION)
        """
    assert installed.says(LINKED + dedent(program)) == "1"
    replaced = {"PYTHONPATH": own, "HPCPY_PREFER": "twofold"}
    absent = "No module named 'twofold._core'"
    assert installed.says(LINKED + dedent(program), **replaced) == absent
    write(installed.folder / "own", {"twofold/_core.py": "VERSION = 2\n"})
    assert installed.says(LINKED + dedent(program), **replaced) == "2"


def test_named_package_that_is_nowhere_is_one_clear_line(installed: Installation) -> None:
    done = installed.run("import twofold", HPCPY_PREFER="twofold")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: HPCPY_PREFER wants twofold from sys.path, which has none: "
        "install it there or take it out of HPCPY_PREFER"
    )


def test_module_of_the_standard_library_can_be_named(installed: Installation) -> None:
    write(installed.folder / "own", {"sched.py": "VERSION = 2\n"})
    program = "import sched; print(sched.VERSION)"
    path = str(installed.folder / "own")
    assert installed.says(program, PYTHONPATH=path, HPCPY_PREFER="sched") == "2"


def test_variable_is_not_read_by_an_isolated_python(installed: Installation) -> None:
    assert installed.says(VERSIONS, "-I", HPCPY_PREFER="twofold") == "1 1 1"


def test_without_site_no_package_is_there(installed: Installation) -> None:
    done = installed.run("sys.path.pop(); import twofold", "-S")
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'twofold'"


# Calls it as the line in `site` does: the running Python has started already.
START_SITE = """
import site
site.ENABLE_USER_SITE = None
# Debian's Python has imported one, which lies beside its standard library.
sys.modules.pop("sitecustomize", None)
_hpcpy_site.main_for(vars(site))()
"""


def test_users_own_folder_has_a_name_and_is_not_searched(installed: Installation) -> None:
    program = "import sys; print(site.USER_BASE, site.USER_SITE in sys.path, site.ENABLE_USER_SITE)"
    assert installed.says(START_SITE + program, HOME="/home/me") == "/home/me/.local False False"


def venv(folder: Path, *options: str) -> tuple[str, Path]:
    command = [sys.executable, "-m", "venv", "--without-pip", *options, str(folder)]
    subprocess.run(command, check=True)
    return str(folder / "bin/python"), next(folder.glob("lib/python3*/site-packages"))


def in_venv(installed: Installation, python: str, program: str) -> str:
    done = installed.run(START_SITE + program, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_venv_sees_the_bundle(installed: Installation) -> None:
    python, _ = venv(installed.folder / "venv", "--system-site-packages")
    assert in_venv(installed, python, VERSIONS) == "1 1 1"


def test_venvs_own_package_wins_as_a_whole(installed: Installation) -> None:
    python, site = venv(installed.folder / "venv", "--system-site-packages")
    write(site, OWN)
    assert in_venv(installed, python, VERSIONS) == "2 2 2"
    assert in_venv(installed, python, "import sys; print(sys.customized)") == "ours"


def test_venvs_editable_package_wins(installed: Installation, own: str) -> None:
    python, site = venv(installed.folder / "venv", "--system-site-packages")
    write(site, {"own.pth": f"{own}\n", **distribution("two_fold", "2")})
    assert in_venv(installed, python, VERSIONS) == "2 2 2"


def test_venv_of_its_own_sees_the_standard_library_alone(installed: Installation) -> None:
    python, site = venv(installed.folder / "venv")
    program = """
from importlib.util import find_spec
print(find_spec("twofold"), find_spec("json") is not None)
"""
    assert in_venv(installed, python, program) == "None True"
    write(site, OWN)
    assert in_venv(installed, python, VERSIONS) == "2 2 2"


def test_venvs_pth_files_count(installed: Installation) -> None:
    python, site = venv(installed.folder / "venv", "--system-site-packages")
    write(site, {"more.pth": "import sys; sys.was_read = True\n"})
    assert in_venv(installed, python, "import sys; print(sys.was_read)") == "True"


def test_start_does_what_site_does_for_people(installed: Installation) -> None:
    program = f"""
        print(exit, site.ENABLE_USER_SITE, sys.customized, sys.path.count({str(installed.site)!r}))
        print([name for name in ("quit", "copyright", "credits", "license", "help")
               if not hasattr(__import__("builtins"), name)], hasattr(sys, "__interactivehook__"))
        """
    said = installed.says(START_SITE + dedent(program))
    assert said.splitlines() == [
        "Use exit() or Ctrl-D (i.e. EOF) to exit False ours 1",
        "[] True",
    ]


def test_users_customisation_runs_when_asked_for_alone(installed: Installation) -> None:
    write(installed.folder, {"usercustomize.py": "import sys\nsys.was_read = True\n"})
    program = "print(hasattr(sys, 'was_read'))"
    assert installed.says(START_SITE + program) == "False"
    assert installed.says(START_SITE + program, HPCPY_SITE="stock") == "True"


def test_by_the_path_what_comes_first_wins(installed: Installation, own: str) -> None:
    assert installed.says(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_SITE="stock") == "2 2 2"
    # What nothing on the path replaces comes from the bundle, without a file.
    assert installed.says(START_SITE + VERSIONS, HPCPY_SITE="stock") == "1 1 1"
    assert installed.says(START_SITE + VERSIONS, PYTHONPATH=own, HPCPY_SITE="other") == "1 1 1"


def test_by_the_path_a_package_of_the_users_has_no_built_in_part(
    installed: Installation, own: str
) -> None:
    program = "import twofold._core as core; print(core.VERSION)"
    code = LINKED + START_SITE + program
    done = installed.run(code, PYTHONPATH=own, HPCPY_SITE="stock")
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'twofold._core'"
    assert installed.says(code, HPCPY_SITE="stock") == "1"


def test_by_the_path_a_venvs_package_wins_and_its_own_is_all(installed: Installation) -> None:
    python, site = venv(installed.folder / "venv", "--system-site-packages")
    write(site, OWN)
    done = installed.run(START_SITE + VERSIONS, python=python, HPCPY_SITE="stock")
    assert (done.stdout, done.stderr) == ("2 2 2\n", "")


OPTIONAL = {
    "tries.py": """
        import importlib, pickle
        def statement():
            try:
                import optional
            except ImportError:
                return "absent"
            return "found"
        def call():
            return importlib.import_module("optional").VERSION
    """
}


def test_bundled_module_does_not_look_beside_the_script_for_an_option(tmp_path: Path) -> None:
    installed = Installation(tmp_path, {name: dedent(text) for name, text in OPTIONAL.items()})
    write(tmp_path, {"optional.py": "VERSION = 1\n"})
    program = """
        import tries
        first = tries.statement()
        import optional
        print(first, tries.statement(), optional.VERSION)
    """
    assert installed.says(program) == "absent found 1"


def test_bundled_module_finds_an_option_on_pythonpath(tmp_path: Path) -> None:
    installed = Installation(tmp_path, {name: dedent(text) for name, text in OPTIONAL.items()})
    write(tmp_path / "own", {"optional.py": "VERSION = 1\n"})
    program = "import tries; print(tries.statement())"
    assert installed.says(program, PYTHONPATH=str(tmp_path / "own")) == "found"


def test_what_a_user_names_is_found_beside_the_script_by_a_bundled_module(tmp_path: Path) -> None:
    installed = Installation(tmp_path, {name: dedent(text) for name, text in OPTIONAL.items()})
    write(tmp_path, {"optional.py": "VERSION = 1\n"})
    assert installed.says("import tries; print(tries.call())") == "1"
