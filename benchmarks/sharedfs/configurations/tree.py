"""A tree of files on the shared file system, its C library and /etc on the node.

A rank's root folder is the image's, unpacked on the node's own disk: the machine's C
library may be older.  Only its ``/opt`` is the shared file system, mounted there.  Where
nobody is root, each rank mounts it by itself, and the unpacked image is on the shared
file system, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sharedfs.configurations.configuration import Images

# Seen by the program.
PLACE = Path("/opt")
# No program of `sharedfs.programs` imports them, and copying their 15,000 files takes
# a minute.
_LEFT_OUT = (
    *("cupy", "cupyx", "dask", "debugpy", "distributed", "fontTools", "fsspec", "ipykernel"),
    *("ipyparallel", "IPython", "jedi", "jupyter_client", "matplotlib", "PIL", "pip"),
    *("prompt_toolkit", "pygments", "tornado", "tzdata", "viztracer", "wcwidth", "zmq"),
)

# A program sees these of its node, as with `fill.open_root`.
_ENTER = f"""\
for path in proc sys dev tmp; do mount --rbind "/$path" "$0/$path" || exit; done
for path in etc/hosts etc/resolv.conf; do
  [ ! -e "$0/$path" ] || mount --bind "/$path" "$0/$path" || exit
done
[ ! "$1" ] || mount --bind "$1" "$0{PLACE}" || exit
shift
exec chroot "$0" "$@"
"""


def left_out(images: Images, library: str) -> tuple[str, ...]:
    """Return tar's patterns of packages that are not copied.

    Parameters
    ----------
    images
        Those of which the tree is made.
    library
        The folder above site-packages, relative to the one that is copied.
    """
    some = () if images.is_whole else _LEFT_OUT
    return tuple(f"{library}/site-packages/{name}" for name in some)


def place(images: Images, image: str) -> Path:
    """Return where a node mounts the tree."""
    return images.root[image] / PLACE.relative_to("/")


def command(images: Images, image: str, folder: Path | str, words: Sequence[str]) -> list[str]:
    """Return what starts a program of the tree, the first of some words.

    Parameters
    ----------
    images, image
        In whose root folder it runs.
    folder
        The tree; empty for one that is there without a mount.
    words
        The program, as it is named there, and its arguments.
    """
    root = str(images.root[image])
    if images.has_mounts:
        return ["chroot", root, *words]
    own = ["unshare", "--mount", "--map-root-user", "sh", "-c", _ENTER]
    return [*own, root, str(folder), *words]
