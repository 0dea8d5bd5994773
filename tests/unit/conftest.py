"""Fixtures of several of the host's tests."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving_server import Server, serving

from hpcpy.core import paths
from hpcpy_common import site_file


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPCPY_CACHE", str(tmp_path))


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine any server is silent for a while.
    monkeypatch.setattr("hpcpy.fetch.download.SECONDS", 60.0)
    monkeypatch.setattr("hpcpy.fetch.artifacts.GIVE_UP", 60.0)
    monkeypatch.setattr("hpcpy.fetch.artifacts.PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder in place of build/, which nobody has locked."""
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.delenv("HPCPY_CHECKOUT_LOCK", raising=False)
    return tmp_path


@pytest.fixture
def strace() -> None:
    if not shutil.which("strace"):
        pytest.skip("no strace here; run: make setup TOOLS=measure")


@pytest.fixture
def server() -> Iterator[Server]:
    """Give an HTTP server whose every answer a test chooses."""
    with serving() as running:
        yield running


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a launcher or a job gives a rank."""
    launchers = ("PMI_", "MPI_LOCAL", "OMPI_", "SLURM_")
    for name in [name for name in os.environ if name.startswith(launchers)]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what this machine and its user have said of their site."""
    monkeypatch.setattr(site_file, "OF_MACHINE", Path("/nonexistent/site.toml"))
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    monkeypatch.delenv(site_file.VARIABLE, raising=False)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Give where each site file would be; a variable names the module's once it is there."""
    monkeypatch.setattr(site_file, "OF_MACHINE", tmp_path / "etc/site.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(site_file.VARIABLE, raising=False)
    places = {"machine": "etc", "image": "images", "module": "module", "user": "config/hpcpy"}
    for place in places.values():
        (tmp_path / place).mkdir(parents=True)
    return {name: tmp_path / place / "site.toml" for name, place in places.items()}


@pytest.fixture
def image(files: dict[str, Path]) -> str:
    """Give the image that one of the site files lies beside."""
    path = files["image"].with_name("my.sif")
    path.touch()
    return str(path)
