"""The wheel that the release makes, in a fresh virtual environment."""

import sys
from pathlib import Path

import pytest

from hpcpy import release
from running import printed, run


def build(folder: Path) -> Path:
    """Write the wheel into a new folder, by the developer tools that run this test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "ensure_venv", lambda: Path(sys.prefix))
        release.build_wheel(folder)
    (wheel,) = folder.iterdir()
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel without a network; return the folder of its command."""
    printed(run(sys.executable, "-m", "venv", "--without-pip", folder))
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", folder / "bin/python", "install")
    printed(run(*pip, "--no-index", "--no-deps", wheel))
    return folder / "bin"
