"""A tree of files on the shared file system, its C library and /etc on the node.

A rank's root folder is the image's, unpacked on the node's own disk: the machine's C
library may be older.  Only its ``/opt`` is the shared file system, mounted there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcpy.storm.configurations.configuration import Images

# Seen by the program.
PLACE = Path("/opt")
# No program of `hpcpy.storm.programs` imports them, and copying their 15,000 files takes
# a minute.
_LEFT_OUT = (
    *("cupy", "cupyx", "dask", "debugpy", "distributed", "fontTools", "fsspec", "ipykernel"),
    *("ipyparallel", "IPython", "jedi", "jupyter_client", "matplotlib", "PIL", "pip"),
    *("prompt_toolkit", "pygments", "tornado", "tzdata", "viztracer", "wcwidth", "zmq"),
)


def left_out(library: str) -> tuple[str, ...]:
    """Return tar's patterns of packages that are not copied.

    Parameters
    ----------
    library
        The folder of site-packages, from the one that is copied.
    """
    return tuple(f"{library}/site-packages/{name}" for name in _LEFT_OUT)


def place(images: Images, image: str) -> Path:
    """Return where a node mounts the tree."""
    return images.root[image] / PLACE.relative_to("/")


def command(images: Images, image: str, words: Sequence[str]) -> list[str]:
    """Return what starts a program of the tree, the first of some words."""
    return ["chroot", str(images.root[image]), *words]
