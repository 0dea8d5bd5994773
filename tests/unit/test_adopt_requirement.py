"""What files and folders of conda and pip ask for, and what PyPI calls it.

No conda is needed: the files were written for these tests in the forms of conda's
documentation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpcpy.adopt.environment import Environment, read
from hpcpy.adopt.names import UNCHECKED, known
from hpcpy.adopt.requirement import of_conda, of_pip
from hpcpy.core.errors import UsageError

CONDA_FILE = "heat=1.2=py39h27cfd23_0\nxz=5.2.5=h7b6447c_0\nlater=2.0=pypi_0\n"
EXPLICIT = """\
# platform: linux-64
@EXPLICIT
https://conda.example.org/main/linux-64/heat-1.2-py39h27cfd23_0.tar.bz2#0123abcd
https://conda.example.org/main/noarch/my-tool-0.4.1-pyhd8ed1ab_0.conda
"""
PIP_FILE = """\
# of a laptop
heat==1.2 \\
    --hash=sha256:00
-r more.txt
--index-url https://index.example.org/simple
old ; python_version < "3.8"
-e .
git+https://forge.example.org/me/mine.git#egg=mine
far @ https://host.example.org/far-1.0-py3-none-any.whl
"""


def no_yaml(_: str) -> Any:
    raise AssertionError("this is no YAML")


def of_file(folder: Path, name: str, text: str) -> Environment:
    (folder / name).write_text(text)
    # JSON is YAML; the real reader is the image's (tests/launch/test_adopt.py).
    return read(folder / name, json.loads if name.endswith(".yml") else no_yaml)


@pytest.mark.parametrize(
    ("text", "name", "versions"),
    [
        ("heat", "heat", ""),
        ("heat=1.21", "heat", "==1.21.*"),
        ("heat==1.21", "heat", "==1.21"),
        ("heat=*", "heat", ""),
        ("heat>=1.20,<2", "heat", ">=1.20,<2"),
        ("heat~=1.2", "heat", "~=1.2"),
        ("heat=1.2.3=py39h27cfd23_0", "heat", "==1.2.3"),
        ("heat 1.2.3 py39_0", "heat", "==1.2.3"),
        ("conda-forge::heat", "heat", ""),
        ("conda-forge/linux-64::heat>=1", "heat", ">=1"),
        ("heat[version='>=1.2,<2', build=py39_0]", "heat", ">=1.2,<2"),
    ],
)
def test_condas_versions_are_peps(text: str, name: str, versions: str) -> None:
    asked = of_conda(text)
    assert (asked.text, asked.name, asked.versions) == (text, name, versions)
    assert not asked.is_pypi


@pytest.mark.parametrize("text", ["", "=1.2"])
def test_what_is_no_package_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a conda package"):
        of_conda(text)
    with pytest.raises(UsageError, match="not a pip requirement"):
        of_pip(text)


def test_a_file_of_conda(tmp_path: Path) -> None:
    document = {
        "name": "model",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.9", "heat=1.2", "pip", {"pip": ["later[fast]>=2", "-e ."]}],
        "variables": {"THREADS": 2},
        "prefix": "/home/me/envs/model",
    }
    found = of_file(tmp_path, "environment.yml", json.dumps(document))
    assert [one.name for one in found.asked[:4]] == ["python", "heat", "pip", "later"]
    later, mine = found.asked[3:]
    assert (later.is_pypi, later.extras, later.versions) == (True, "[fast]", ">=2")
    assert mine.url == "."
    assert found.notes == ["variables are not taken: set THREADS where you start it"]
    assert found.python is None


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "has no list `dependencies`"),
        ({"dependencies": [{"conda": ["heat"]}]}, "is not a dependency"),
    ],
)
def test_another_yaml_is_refused_with_the_files_name(
    tmp_path: Path, document: Any, says: str
) -> None:
    with pytest.raises(UsageError, match=says) as error:
        of_file(tmp_path, "environment.yml", json.dumps(document))
    assert str(error.value).startswith(f"{tmp_path / 'environment.yml'}: ")


def test_a_file_of_pip(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("climate~=2.0\n")
    found = of_file(tmp_path, "requirements.txt", PIP_FILE)
    assert [one.name for one in found.asked] == ["heat", "climate", "old", "", "mine", "far"]
    assert [one.versions for one in found.asked[:2]] == ["==1.2", "~=2.0"]
    assert found.asked[2].marker == 'python_version < "3.8"'
    assert found.asked[5].url.endswith("far-1.0-py3-none-any.whl")
    assert len(found.notes) == 2
    assert "hashes are not taken" in found.notes[0]
    assert "--index-url" in found.notes[1]


@pytest.mark.parametrize("text", [CONDA_FILE, EXPLICIT])
def test_what_conda_list_writes_keeps_the_builds(tmp_path: Path, text: str) -> None:
    asked = of_file(tmp_path, "requirements.txt", text).asked
    assert (asked[0].name, asked[0].versions, asked[0].build) == (
        *("heat", "==1.2", "py39h27cfd23_0"),
    )
    assert known(asked[0], ()).name == "heat"
    if text == CONDA_FILE:
        assert known(asked[1], ()).name == ""
        assert asked[2].is_pypi
    else:
        assert (asked[1].name, asked[1].versions) == ("my-tool", "==0.4.1")


def test_a_pyproject(tmp_path: Path) -> None:
    text = (
        '[project]\nname = "mine"\nrequires-python = ">=3.9,<3.12"\n'
        'dependencies = ["heat>=1.2", "climate"]\noptional-dependencies.docs = ["sphinx"]\n'
    )
    found = of_file(tmp_path, "pyproject.toml", text)
    assert [(one.name, one.versions) for one in found.asked] == [
        ("python", ">=3.9,<3.12"),
        ("heat", ">=1.2"),
        ("climate", ""),
    ]
    assert found.notes == ["optional dependencies are not taken: docs"]


@pytest.mark.parametrize(
    ("text", "pypi"),
    [
        ("pytorch", "torch"),
        ("msgpack-python", "msgpack"),
        ("cupy", "cupy-cuda12x"),
        ("pandas", "pandas"),
    ],
)
def test_a_name_that_is_known(text: str, pypi: str) -> None:
    assert (known(of_conda(text), ()).name, known(of_conda(text), ()).note) == (pypi, "")


@pytest.mark.parametrize(
    ("text", "says", "is_needed"),
    [
        ("r-ggplot2", "R:", True),
        ("cudatoolkit=11.2", "CUDA:", True),
        ("gxx_linux-64", "compilers:", True),
        ("gdal", "without wheels on PyPI", True),
        ("openmpi", "MPI:", False),
        ("mkl", "linear algebra:", False),
        ("libnetcdf", "libraries in C:", False),
        ("_libgcc_mutex=0.1=main", "conda itself:", False),
        ("oddtool=1.0=h27cfd23_0", "h27cfd23_0 is not a Python package", True),
    ],
)
def test_what_pypi_has_not_is_said_with_what_to_do(text: str, says: str, is_needed: bool) -> None:
    found = known(of_conda(text), ())
    assert (found.name, found.is_needed) == ("", is_needed)
    assert says in found.note


def test_an_unknown_name_is_taken_and_said_unless_the_image_has_it() -> None:
    assert known(of_conda("oddname"), ()).note == UNCHECKED
    assert known(of_conda("oddname"), {"oddname"}).note == ""
    assert known(of_pip("oddname"), ()).note == ""
