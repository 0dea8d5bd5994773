"""Where site files lie, for the tests of who may write them and which one counts."""

from pathlib import Path

import pytest

from hpcpy_common import site_file


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Give where each file would be; a variable names the module's once it is there."""
    monkeypatch.setattr(site_file, "OF_MACHINE", tmp_path / "etc/site.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(site_file.VARIABLE, raising=False)
    places = {"machine": "etc", "image": "images", "module": "module", "user": "config/hpcpy"}
    for place in places.values():
        (tmp_path / place).mkdir(parents=True)
    return {name: tmp_path / place / "site.toml" for name, place in places.items()}


@pytest.fixture
def image(files: dict[str, Path]) -> str:
    """Give the image that one of the files lies beside."""
    path = files["image"].with_name("my.sif")
    path.touch()
    return str(path)
