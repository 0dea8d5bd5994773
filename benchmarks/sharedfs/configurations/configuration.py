"""What each configuration says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podman_hpc import Installed


@dataclass(frozen=True)
class Images:
    """A plan's images on the machine's own disk, in each form that is needed.

    Attributes
    ----------
    sif
        The file of each image, by name.
    root
        The unpacked files of each image.
    apptainer
        The program.
    squash
        The file that podman-hpc makes of an image, for images that need it.
    has_mounts
        Whether each node has mounted the tree in the root folder that the tree needs;
        otherwise each rank does so, in namespaces of its own.
    is_whole
        Whether a program may need any package of the image: a tree then has them all.
    podman_hpc
        Where podman-hpc is, and its images.
    """

    sif: dict[str, Path]
    root: dict[str, Path]
    apptainer: Path
    squash: dict[str, Path] = field(default_factory=dict)
    has_mounts: bool = True
    is_whole: bool = False
    podman_hpc: Installed | None = None


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
    is_packed
        Whether the folder becomes one file there, an archive of tar.
    """

    source: Path
    target: str
    without: tuple[str, ...] = ()
    is_packed: bool = False


@dataclass(frozen=True)
class Around:
    """Lines of shell around the ranks, run once in their job, on its first node.

    Attributes
    ----------
    before
        They have to succeed.
    afterwards
        Run whatever became of the ranks.
    """

    before: Sequence[str]
    afterwards: Sequence[str]


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
        Returns what starts Python, given the images, the folder and Python's words.
    around
        What is done in the ranks' job before and after them, by the images, the
        folder and the number of nodes.
    imports
        The code around a program's imports, for `str.format`.
    needs_squash
        Whether it needs what podman-hpc makes of its image.
    needs_podman_hpc
        Whether it needs podman-hpc itself.
    needs_root
        Whether it needs its image's unpacked files.
    is_tree
        Whether a program sees the folder as `tree.PLACE`, with all that is beside the files.
    """

    name: str
    title: str
    image: str
    files: Callable[[Images], Sequence[Files]]
    folder: str
    place: Callable[[Images], Path | None]
    command: Callable[[Images, Path, Sequence[str]], list[str]]
    around: Callable[[Images, Path, int], Around] | None = None
    imports: str = "{}"
    needs_squash: bool = False
    needs_podman_hpc: bool = False
    needs_root: bool = False
    is_tree: bool = False
