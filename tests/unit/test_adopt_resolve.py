"""The same versions or the nearest, as a real pip resolves them from these tests' wheels alone.

This Python, with its own packages, stands for the image.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from hpcpy.adopt import output, resolution
from hpcpy.adopt.image import Image
from hpcpy.adopt.requirement import Requirement, of_conda, of_pip
from hpcpy.adopt.resolution import IN_IMAGE, KEPT, NO_EQUIVALENT, NOT_NEEDED, RENAMED, Item, Row
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from launch.small_packages import digest, wheel

IMAGE = Image([sys.executable])


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT / "src/interp/features/bake"))
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number in ("1.0", "2.0", "2.1", "3.0rc1"):
        wheel(folder, "heat", number, {"heat.py": ""})
    wheel(folder, "climate", "1.0", {"climate.py": ""}, ["heat<2"])
    wheel(folder, "climate", "2.0", {"climate.py": ""}, ["heat>=2"])
    wheel(folder, "torch", "9.0", {"torch.py": ""})
    return folder


def resolved(wheels: Path, *every: Requirement) -> tuple[list[Row], dict[str, str]]:
    options = ["--no-index", f"--find-links={wheels}"]
    found, items = resolution.resolve(every, IMAGE, options, [])
    for item in items:
        name = f"{item.name}-{item.version}-py3-none-any.whl"
        assert item.requirement == (
            f"{item.name}=={item.version} --hash=sha256:{digest(wheels / name)}"
        )
    return found, {item.name: item.version for item in items}


def test_the_same_versions_where_there_are(wheels: Path) -> None:
    found, items = resolved(wheels, of_conda("heat=1.0=py39_0"), of_conda("climate<2"))
    assert items == {"heat": "1.0", "climate": "1.0"}
    assert [(row.state, row.version, row.fits) for row in found] == [(KEPT, "1.0", True)] * 2


def test_the_nearest_version_is_taken_and_what_is_nowhere_left_out(wheels: Path) -> None:
    (row, absent), items = resolved(wheels, of_conda("heat=1.5"), of_conda("nowhere=1.0"))
    assert items == {"heat": "2.0"}
    assert (row.version, row.fits, row.is_other) == ("2.0", False, True)
    assert any("nearest" in note for note in row.notes)
    assert (absent.state, absent.version) == (NO_EQUIVALENT, "")
    assert "no index has a wheel of it" in " ".join(absent.notes)
    assert "--source nowhere" in " ".join(absent.notes)


def test_what_the_image_has_keeps_its_version(wheels: Path) -> None:
    here = version("pytest")
    found, items = resolved(wheels, of_conda("pytest=1.0"), of_pip(f"PyTest=={here}"), PYTHON)
    assert items == {}
    assert [(row.state, row.version) for row in found[:2]] == [(IN_IMAGE, here)] * 2
    assert [row.fits for row in found] == [False, True, True]
    assert "cannot change" in found[0].notes[-1]
    assert found[2].version == ".".join(map(str, sys.version_info[:3]))


PYTHON = of_conda("python>=3.9")


def test_renamed_absent_and_what_is_for_other_machines(wheels: Path) -> None:
    found, items = resolved(
        wheels,
        *(of_conda("pytorch"), of_conda("r-base"), of_conda("openssl")),
        *(
            of_pip('heat ; python_version < "3"'),
            Requirement("-e .", "mine", is_pypi=True, url="."),
        ),
    )
    assert items == {"torch": "9.0"}
    assert [row.state for row in found] == [
        *(RENAMED, NO_EQUIVALENT, NOT_NEEDED, NOT_NEEDED, NO_EQUIVALENT),
    ]
    assert "not for this Python" in found[3].notes[0]
    assert "--wheelhouse" in found[4].notes[0]


def test_no_solution_is_one_line(wheels: Path) -> None:
    wheel(wheels, "newest", "1.0", {"newest.py": ""}, ["pytest>=9999"])
    with pytest.raises(UnavailableError, match=r"newest 1\.0 depends on pytest>=9999") as error:
        resolved(wheels, of_conda("newest"))
    assert f"the image has pytest {version('pytest')}" in str(error.value)


def report(**more: Any) -> dict[str, Any]:
    row = Row("heat=1|2", KEPT, "heat", "2.0", "==1.*", fits=False, notes=("one", "two"))
    told = {"source": "environment.yml", "image": "hpcpy.sif", "python": "3.99"}
    return {**told, "rows": [row.as_dict()], "added": {"snow": "1"}, "notes": ["a note"], **more}


def test_the_containerfile_is_that_of_the_page_on_baking(tmp_path: Path) -> None:
    item = Item("heat", "2.0", "0" * 64, "https://h.invalid/x", is_direct=False)
    output.write(tmp_path, Path("hpcpy.sif"), [item], report())
    page = (paths.ROOT / "docs/bake.md").read_text()
    assert f"```dockerfile\n{(tmp_path / 'Containerfile').read_text()}```" in page


def test_a_folder_with_other_files_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UsageError, match="has other files"):
        output.claim(tmp_path)
