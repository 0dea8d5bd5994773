"""A tree as conda makes it on the shared file system: interpreter and packages in one prefix.

Where nobody has compiled it, and who uses it may not write there, each rank compiles
each module.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sharedfs.configurations import tree
from sharedfs.configurations.configuration import Configuration, Files, Images

_IMAGE = "wheels"
_PYTHON = f"{tree.PLACE}/hpcpy/bin/python3"
_COMPILED = ("__pycache__",)
# On the node's own disk.
_READ_ONLY = ("/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1")


def _files(folder: str, without: Sequence[str], images: Images) -> list[Files]:
    left_out = (*tree.left_out(images, "./hpcpy/lib/python3*"), *without)
    return [Files(images.root[_IMAGE] / "opt", folder, left_out)]


def _command(
    before: Sequence[str], images: Images, folder: Path, words: Sequence[str]
) -> list[str]:
    return tree.command(images, _IMAGE, folder, [*before, _PYTHON, *words])


def _named(name: str, what: str, without: Sequence[str], before: Sequence[str]) -> Configuration:
    return Configuration(
        name=name,
        title=f"a tree as conda makes it, {what}",
        image=_IMAGE,
        files=partial(_files, name, without),
        folder=name,
        place=lambda images: tree.place(images, _IMAGE),
        command=partial(_command, before),
        needs_root=True,
        is_tree=True,
    )


CONDA = _named("conda", "compiled", (), ())
CONDA_NOT_COMPILED = _named("conda-not-compiled", "without .pyc", _COMPILED, _READ_ONLY)
