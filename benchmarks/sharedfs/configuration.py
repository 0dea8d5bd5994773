"""What each configuration says of itself, and what a tree of files needs to start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podman_hpc import Installed

# Where a program of a tree sees the tree.
PLACE = Path("/opt")
# What a program in another root folder has of its node, below the same path.
OF_THE_NODE = ("/proc", "/sys", "/dev", "/tmp")  # noqa: S108
ETC = ("/etc/hosts", "/etc/resolv.conf")
# No program imports them, and copying their 15,000 files takes a minute.
_LEFT_OUT = (
    *("cupy", "cupyx", "dask", "debugpy", "distributed", "fontTools", "fsspec", "ipykernel"),
    *("ipyparallel", "IPython", "jedi", "jupyter_client", "matplotlib", "PIL", "pip"),
    *("prompt_toolkit", "pygments", "tornado", "tzdata", "viztracer", "wcwidth", "zmq"),
)
# $0 is the root folder, $1 the tree, or empty where the tree is there without a mount.
_ENTER = f"""\
for path in {" ".join(OF_THE_NODE)}; do mount --rbind "$path" "$0$path" || exit; done
for path in {" ".join(ETC)}; do
  [ ! -e "$0$path" ] || mount --bind "$path" "$0$path" || exit
done
[ ! "$1" ] || mount --bind "$1" "$0{PLACE}" || exit
shift
exec chroot "$0" "$@"
"""


@dataclass(frozen=True)
class Images:
    """A plan's images on the machine's own disk, by name, in each form that is needed."""

    sif: dict[str, Path]
    # Unpacked files.
    root: dict[str, Path]
    # The program.
    apptainer: Path
    # What podman-hpc makes of an image.
    squash: dict[str, Path] = field(default_factory=dict)
    # Whether each node has the tree mounted in its image's root folder.  Where nobody is root,
    # each rank mounts it in namespaces of its own.
    has_mounts: bool = True
    podman_hpc: Installed | None = None


@dataclass(frozen=True)
class Files:
    """A file or folder of this machine, and its path on the shared file system."""

    source: Path
    target: str
    # Patterns of tar.
    without: tuple[str, ...] = ()
    # Whether the folder becomes one file, an archive of tar.
    is_packed: bool = False


@dataclass(frozen=True)
class Around:
    """Lines of shell in the ranks' job, on its first node."""

    # They have to succeed.
    before: Sequence[str] = ()
    # They run however the ranks end.
    afterwards: Sequence[str] = ()


@dataclass(frozen=True)
class Configuration:
    """One way to have Python on a shared file system."""

    name: str
    title: str
    image: str
    # The form of the image: "root" (unpacked), "sif", "squash" or "podman-hpc".
    needs: str
    # What a node mounts of the file system, and what lies there.
    folder: str
    files: Callable[[Images], Sequence[Files]]
    # What starts Python, by the images, the folder and Python's words.
    command: Callable[[Images, Path, Sequence[str]], list[str]]
    # What the job does, by the folder and the number of nodes.
    around: Callable[[Path, int], Around] | None = None
    # The code around a program's imports, for `str.format`.
    imports: str = "{}"
    # Whether a program sees the folder at `PLACE`.
    is_tree: bool = False

    def place(self, images: Images, otherwise: Path) -> Path:
        """Return where a node mounts the folder."""
        return images.root[self.image] / PLACE.relative_to("/") if self.is_tree else otherwise


def left_out(library: str) -> tuple[str, ...]:
    """Return tar's patterns of packages below a folder's site-packages that are not copied."""
    return tuple(f"{library}/site-packages/{name}" for name in _LEFT_OUT)


def tree_command(images: Images, image: str, folder: str, words: Sequence[str]) -> list[str]:
    """Return what starts a program in an image's root folder."""
    root = str(images.root[image])
    if images.has_mounts:
        return ["chroot", root, *words]
    own = ["unshare", "--mount", "--map-root-user", "sh", "-c", _ENTER]
    return [*own, root, folder, *words]
