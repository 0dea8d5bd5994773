"""The static interpreter as files on the shared file system, without a container."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sharedfs.configurations import tree
from sharedfs.configurations.configuration import Configuration, Files, Images

_IMAGE = "hpcpy"
_FOLDER = "static"
_PYTHON = f"{tree.PLACE}/hpcpy/bin/python3"


def files(images: Images) -> list[Files]:
    """Return the interpreter with all that lies beside it, and MPI's library."""
    left_out = tree.left_out(images, "./hpcpy/lib/python3*")
    return [Files(images.root[_IMAGE] / "opt", _FOLDER, left_out)]


def command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
    """Return what starts the interpreter."""
    return tree.command(images, _IMAGE, folder, [_PYTHON, *words])


PLAIN_FILES = Configuration(
    name="static-files",
    title="the static interpreter, as files",
    image=_IMAGE,
    files=files,
    folder=_FOLDER,
    place=lambda images: tree.place(images, _IMAGE),
    command=command,
    needs_root=True,
    is_tree=True,
)
