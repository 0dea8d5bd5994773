"""Sources and data files lie where they always do, and nothing hides them from anybody."""

import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from needed import lacking

from _hpcpy_folders import MODULE, PACKAGE
from _hpcpy_importer import finder
from running import Done, run

LIBRARY = Path(sysconfig.get_path("stdlib"))
FOLDER = LIBRARY / "json"


def found(*words: str) -> list[str]:
    """Return what another program than Python finds below the library."""
    done = run("/usr/bin/find", LIBRARY, *words, check=True)
    return done.stdout.splitlines()


def ran(*words: str | Path, typed: str = "") -> Done:
    return run(sys.executable, *words, input=typed)


def test_other_programs_find_the_source_of_every_module_in_memory() -> None:
    bundled = {
        f"{folder.path}/{name}{'/__init__' if kind == PACKAGE else ''}.py"
        for folder in finder().bundle.folders()
        for name, (kind, _) in folder.entries.items()
        if kind in (MODULE, PACKAGE)
    }
    assert len(bundled) > (2000 if lacking("cupy") else 4000)
    assert bundled - set(found("-name", "*.py", "-type", "f")) == set()


def test_sources_have_one_time_and_no_bytecode_beside_them() -> None:
    # The time tells a start that nothing has come since the build, of an image on hpcpy
    # since its bake: its layer is squashed with hpcpy's.
    bundle = finder().bundle
    last = bundle.added or bundle
    assert {float(time) for time in found("-printf", "%T@\\n")} == {last.epoch}
    assert found("-name", "__pycache__") == found("-name", "*.pyc") == []


def test_one_of_them_is_run_by_its_path() -> None:
    done = ran(FOLDER / "tool.py", typed='{"a": 1}')
    assert (done.returncode, done.stdout) == (0, '{\n    "a": 1\n}\n'), done.stderr
    done = ran("-i", FOLDER / "scanner.py", typed="import sys; print(sys.path[0])")
    assert done.stdout.strip() == str(FOLDER), done.stderr


@pytest.mark.parametrize("packages", [True, False])
def test_a_virtual_environment_reads_them(tmp_path: Path, packages: bool) -> None:
    venv.create(tmp_path / "v", with_pip=False, system_site_packages=packages)
    program = "import shlex as s, inspect; print(inspect.getsource(s)[:5])"
    done = run(tmp_path / "v/bin/python", "-c", program)
    assert done.stdout.split() == ['"""A'], done.stderr


def test_pip_takes_no_package_of_the_image_away() -> None:
    options = ("--disable-pip-version-check", "--break-system-packages")
    done = ran("-m", "pip", "uninstall", "-y", *options, "viztracer")
    assert done.returncode != 0
    assert "ERROR: viztracer lies in the image's interpreter and stays there" in done.stderr
    assert "Traceback" not in done.stderr
    assert ran("-c", "import viztracer; print(open(viztracer.__file__).read()[:3])").stdout
