"""Images of a storm that are paths alone: no file is there."""

from __future__ import annotations

from pathlib import Path

from podman_hpc import Installed
from sharedfs.configurations import Images


def images_below(folder: Path) -> Images:
    """Return the images of `hpcpy` and `wheels` in every form, at paths below a folder."""
    names = ("hpcpy", "wheels")
    return Images(
        {name: folder / f"{name}.sif" for name in names},
        {name: folder / name for name in names},
        folder / "apptainer",
        {name: folder / f"{name}.squash" for name in names},
        podman_hpc=Installed(folder / "podman-hpc", folder / "venv"),
    )
