"""An image as a SIF on the shared file system, by ``apptainer exec``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from measure.targets import PYTHON
from sharedfs.configurations.configuration import Configuration, Files, Images

FOLDER = "images"
# What the name ends with -> Apptainer's options, and what they are for.
_WAYS = {
    "": ((), "as a SIF, a mount by the kernel for each rank"),
    "-shared": (("--sharens",), "as a SIF, one mount by the kernel a node"),
    # Without root's rights Apptainer mounts by squashfuse.
    "-fuse": (("--userns",), "as a SIF, squashfuse for each rank"),
    "-fuse-shared": (("--userns", "--sharens"), "as a SIF, one squashfuse a node"),
}


def of(image: str, title: str) -> list[Configuration]:
    """Return an image's configurations.

    Parameters
    ----------
    image
        A name of ``containers/images.toml``.
    title
        What it is, in words.
    """
    return [
        Configuration(
            name=f"{prefix(image)}-sif{name}",
            title=f"{title} {way}",
            image=image,
            files=partial(files, image),
            folder=FOLDER,
            place=lambda _: None,
            command=partial(_command, image, options),
        )
        for name, (options, way) in _WAYS.items()
    ]


def prefix(image: str) -> str:
    """Return what the names of an image's configurations begin with."""
    return "static" if image == "hpcpy" else image


def files(image: str, images: Images) -> list[Files]:
    """Return an image's file."""
    return [Files(images.sif[image], f"{FOLDER}/{image}.sif")]


def command(images: Images, options: Sequence[str], file: str, words: Sequence[str]) -> list[str]:
    """Return what starts an image's Python.

    Parameters
    ----------
    images
        Its `apptainer` is what starts it.
    options
        Apptainer's.
    file
        The image, as the node sees it.
    words
        Python's.
    """
    return [str(images.apptainer), "exec", *options, "--pwd", "/", file, PYTHON, *words]


def _command(
    image: str, options: Sequence[str], images: Images, folder: Path, words: Sequence[str]
) -> list[str]:
    return command(images, options, str(folder / f"{image}.sif"), words)
