"""What each configuration says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Images:
    """What an image is there as, on the machine's own disk.

    Attributes
    ----------
    sif
        The file of each image, by name.
    root
        The unpacked files of each image.
    apptainer
        The program.
    """

    sif: dict[str, Path]
    root: dict[str, Path]
    apptainer: Path


@dataclass(frozen=True)
class Files:
    """Files to be had on the shared file system.

    Attributes
    ----------
    source
        A file or a folder of the machine's.
    target
        Its path there.
    without
        Patterns of tar: what is left out.
    """

    source: Path
    target: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """One way to have Python on a shared file system.

    Attributes
    ----------
    name
        Short, for options and tables.
    title
        What it is, in words.
    image
        Of what it is made: a name of ``containers/images.toml``.
    files
        What lies on the file system.
    folder
        Which folder of the file system a node mounts for it.
    place
        Where on the node; None is the storm's own folder.
    command
        What starts Python with some words, by the images and the folder.
    """

    name: str
    title: str
    image: str
    files: Callable[[Images], Sequence[Files]]
    folder: str
    place: Callable[[Images], Path | None]
    command: Callable[[Images, Path, Sequence[str]], list[str]]
