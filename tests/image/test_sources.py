"""Sources and data files lie where they always do, and nothing hides them from anybody."""

from __future__ import annotations

import importlib.resources
import inspect
import json.decoder
import subprocess
import sys
import sysconfig
import traceback
import venv
from pathlib import Path

import pytest
from needed import lacking, needs
from refusals import REFUSE_MEMFD

from _hpcpy_folders import MODULE, PACKAGE
from _hpcpy_importer import finder
from running import said

LIBRARY = Path(sysconfig.get_path("stdlib"))
FOLDER = LIBRARY / "json"
FILE = FOLDER / "decoder.py"
TEXT = "class JSONDecoder"
# These read files of their own when they are imported.
READERS = "cupy, dask, distributed, matplotlib.pyplot"


def found(*words: str) -> list[str]:
    """Return what another program than Python finds below the library."""
    done = subprocess.run(
        ["/usr/bin/find", LIBRARY, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def run(*words: str | Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], input=typed, capture_output=True, text=True, check=False
    )


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


def test_sources_are_shown() -> None:
    assert inspect.getsource(json.decoder).startswith('"""Implementation of JSONDecoder')
    try:
        json.loads("x")
    except ValueError:
        assert "raise JSONDecodeError" in traceback.format_exc()


def test_a_debugger_shows_them() -> None:
    program = "import json\nimport pdb\npdb.run('json.loads(chr(49))')"
    done = run("-c", program, typed="break json.loads\ncontinue\nlist\nquit\n")
    assert "if isinstance(s, str):" in done.stdout


def test_without_assertions_they_are_compiled() -> None:
    assert run("-O", "-c", "import json; print(json.loads('[1]'))").stdout == "[1]\n"


def test_one_of_them_is_run_by_its_path() -> None:
    done = run(FOLDER / "tool.py", typed='{"a": 1}')
    assert (done.returncode, done.stdout) == (0, '{\n    "a": 1\n}\n'), done.stderr
    done = run("-i", FOLDER / "scanner.py", typed="import sys; print(sys.path[0])")
    assert done.stdout.strip() == str(FOLDER), done.stderr


def test_one_of_them_is_a_resource() -> None:
    assert TEXT in importlib.resources.files("json").joinpath("decoder.py").read_text()


@needs("jedi")
def test_jedi_completes_by_stubs(tmp_path: Path) -> None:
    program = (
        "import jedi; print(*[c.name for c in jedi.Script('import shlex; shlex.sp').complete()])"
    )
    assert said(program, XDG_CACHE_HOME=str(tmp_path)) == ["split"]


@pytest.mark.parametrize("packages", [True, False])
def test_a_virtual_environment_reads_them(tmp_path: Path, packages: bool) -> None:
    venv.create(tmp_path / "v", with_pip=False, system_site_packages=packages)
    program = "import shlex as s, inspect; print(inspect.getsource(s)[:5])"
    done = subprocess.run(
        [tmp_path / "v/bin/python", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ['"""A'], done.stderr


def test_pip_takes_no_package_of_the_image_away() -> None:
    options = ("--disable-pip-version-check", "--break-system-packages")
    done = run("-m", "pip", "uninstall", "-y", *options, "viztracer")
    assert done.returncode != 0
    assert "ERROR: viztracer lies in the image's interpreter and stays there" in done.stderr
    assert "Traceback" not in done.stderr
    assert run("-c", "import viztracer; print(open(viztracer.__file__).read()[:3])").stdout


@needs(*READERS.split(", "))
def test_packages_read_their_files_where_memory_files_are_refused(tmp_path: Path) -> None:
    program = f"{REFUSE_MEMFD}\nimport {READERS}\nprint(len(open({str(FILE)!r}).read()))"
    assert said(program, TMPDIR=str(tmp_path)) == [str(len(FILE.read_text()))]


@needs(*READERS.split(", "))
def test_packages_read_their_files_under_a_limit_on_written_ones(tmp_path: Path) -> None:
    # Their caches are written first: the limit is for those, too.
    said(f"import {READERS}", TMPDIR=str(tmp_path))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    program = f"{limit}\nimport {READERS}\nprint(len(open({str(FILE)!r}).read()))"
    assert said(program, TMPDIR=str(tmp_path)) == [str(len(FILE.read_text()))]
