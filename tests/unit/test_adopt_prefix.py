"""What a live environment of conda asks for, by its records and its packages' metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpcpy.adopt.environment import read
from hpcpy.core.errors import UsageError


def no_yaml(_: str) -> Any:
    raise AssertionError("this is no YAML")


def record(prefix: Path, name: str, version: str, build: str, *files: str, spec: str = "") -> None:
    """Write what conda records of a package that it has installed."""
    text = {"name": name, "version": version, "build": build, "files": files}
    path = prefix / "conda-meta" / f"{name}-{version}-{build}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(text | ({"requested_spec": spec} if spec else {})))


def installed(prefix: Path, name: str, version: str, by: str, **files: str) -> str:
    """Install only the metadata of a package; return the path of METADATA below `prefix`."""
    home = f"lib/python3.9/site-packages/{name.replace('-', '_')}-{version}.dist-info"
    (prefix / home).mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nLong.\n"
    for file, content in {"METADATA": text, "INSTALLER": by, **files}.items():
        (prefix / home / file).write_text(content)
    return f"{home}/METADATA"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    record(tmp_path, "python", "3.9.7", "h12debd9_1", "bin/python3.9", spec="python=3.9")
    metadata = installed(tmp_path, "torch", "1.9.0", "conda")
    record(tmp_path, "pytorch", "1.9.0", "py3.9_cuda11.1_0", metadata, spec="pytorch")
    metadata = installed(tmp_path, "typing-extensions", "3.10", "conda")
    record(tmp_path, "typing_extensions", "3.10", "pyh06a4308_0", metadata)
    record(tmp_path, "xz", "5.2.5", "h7b6447c_0", "lib/liblzma.so")
    record(tmp_path, "r-base", "4.1", "hb87df5d_0", "bin/R", spec="r-base")
    origin = {"direct_url.json": '{"url": "file:///home/me/mine"}'}
    installed(tmp_path, "later", "2.0", "pip", REQUESTED="")
    installed(tmp_path, "mine", "0.1", "pip", REQUESTED="", **origin)
    installed(tmp_path, "came-along", "1.0", "pip")
    return tmp_path


def test_a_live_environment_knows_pypis_names_and_what_was_asked_for(prefix: Path) -> None:
    found = read(prefix, no_yaml)
    assert [(one.name, one.versions, one.is_pypi) for one in found.asked] == [
        ("python", "==3.9.7", False),
        ("torch", "==1.9.0", True),
        ("r-base", "==4.1", False),
        ("later", "==2.0", True),
        ("mine", "==0.1", True),
    ]
    assert found.asked[-1].url == "file:///home/me/mine"
    assert len(found.notes) == 1
    assert "2 of its 5 packages only came along" in found.notes[0]


def test_a_folder_that_is_no_environment_and_a_broken_record(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no environment"):
        read(tmp_path, no_yaml)
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta/heat-1.json").write_text("{")
    with pytest.raises(UsageError, match=r"heat-1\.json: no record"):
        read(tmp_path, no_yaml)
