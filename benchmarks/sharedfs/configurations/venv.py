"""An ordinary virtual environment and its interpreter on the shared file system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from measure.roots import VENV as MADE
from sharedfs.configurations import tree
from sharedfs.configurations.configuration import Configuration, Files, Images

_IMAGE = "wheels"
_FOLDER = "wheels"
_PYTHON = f"{tree.PLACE}/venv/bin/python3"


def files(images: Images) -> list[Files]:
    """Return the interpreter without packages, MPI's library, and the environment."""
    root = images.root[_IMAGE]
    return [
        Files(root / "opt/hpcpy", f"{_FOLDER}/hpcpy", ("./lib/python3*/site-packages/*",)),
        Files(root / "opt/mpich", f"{_FOLDER}/mpich"),
        Files(
            root / MADE.relative_to("/"), f"{_FOLDER}/venv", tree.left_out(images, "./lib/python3*")
        ),
    ]


def command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
    """Return what starts the environment's Python."""
    return tree.command(images, _IMAGE, folder, [_PYTHON, *words])


VENV = Configuration(
    name="venv",
    title="a venv of the ordinary packages, as files",
    image=_IMAGE,
    files=files,
    folder=_FOLDER,
    place=lambda images: tree.place(images, _IMAGE),
    command=command,
    needs_root=True,
    is_tree=True,
)
