"""The folder that takes an environment's place: the image, the launcher, and its names.

Beside PREFIX there are, for a time, `PREFIX.packing`, what is being made, `PREFIX.updating`,
what a program changes, and `PREFIX.pack-old`, the packed folder that another one replaces.
`PREFIX.unpacked`, the folder as it was, stays until it is removed.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import disk_errors, scratch_dir
from hpcpy.core.scratch import remove_tree
from hpcpy.core.stages import Stage
from hpcpy.engine.prefix import find_apptainer
from hpcpy.engine.setup import ensure, look_up
from hpcpy.engine.tools import needed
from hpcpy.pack.environment import Environment, activation
from hpcpy.pack.launcher import SOURCES, launcher

# zstd 3 packs as fast as the disk reads, and no other level starts sooner.
_OPTIONS = (
    *("-comp", "zstd", "-Xcompression-level", "3", "-b", "128K"),
    *("-no-xattrs", "-no-progress", "-quiet", "-exit-on-error"),
)
# What programs outside read of an environment: shells, conda, VS Code, Jupyter.
_READ_OUTSIDE = ("pyvenv.cfg", "conda-meta/history", "conda-meta/state", "share/jupyter/kernels")
# Of bin: what shells read is no command.
_SOURCED = ("activate", "deactivate")
# Runs any command where the environment lies at its place.
ANY = "pack-exec"


def beside(prefix: Path, state: str) -> Path:
    """Return the folder of a state."""
    return prefix.with_name(f"{prefix.name}.{state}")


def is_packed(folder: Path) -> bool:
    """Tell whether a folder is a packed environment, whole."""
    return (folder / ".pack/config").is_file()


def swap(prefix: Path, new: Path, old: Path) -> None:
    """Have a new folder take the prefix's place, whose folder gets the name `old`."""
    with disk_errors(prefix):
        prefix.rename(old)
        try:
            new.rename(prefix)
        except BaseException:
            old.rename(prefix)
            raise


def require(prefix: Path) -> None:
    """Refuse a prefix that is not there, and say where it is after a kill between two renames."""
    if not prefix.is_dir():
        kept = [beside(prefix, state) for state in ("pack-old", "unpacked")]
        hint = next((f"mv {folder} {prefix}" for folder in kept if folder.is_dir()), "")
        raise UsageError(f"{prefix}: there is no such folder", hint=hint)


@contextlib.contextmanager
def making(prefix: Path, state: str) -> Iterator[Path]:
    """Give an empty folder beside the prefix, which is gone afterwards unless it was renamed."""
    made = beside(prefix, state)
    with disk_errors(made):
        try:
            made.mkdir()
        except FileExistsError as error:
            hint = f"if no other pack is running: rm -r {made}"
            raise UsageError(f"{made}: is in the way", hint=hint) from error
    try:
        yield made
    finally:
        remove_tree(made)


def squashfs_tool(name: str) -> Path:
    """Return mksquashfs or unsquashfs: the system's, or that of build/tools."""
    found = look_up(needed(["apptainer"]))
    if "mksquashfs" not in found:
        found = dict(ensure("apptainer").found)
    return found["mksquashfs"].path.with_name(name)


def setting(packed: Path, name: str) -> str:
    """Return what the configuration of a packed folder says."""
    text = (packed / ".pack/config").read_text(errors="surrogateescape")
    return dict(line.partition("=")[::2] for line in text.splitlines())[f"HPCPY_PACK_{name}"]


def bound(packed: Path) -> list[list[str]]:
    """Return the folders in a packed folder's image, its own last, and where they belong.

    There is none if the image has one folder alone.
    """
    return [bind.split("=") for bind in setting(packed, "BINDS").split(":") if bind]


def image_of(packed: Path) -> Path:
    """Return the image of a packed folder."""
    return packed / ".pack" / setting(packed, "IMAGE")


def write(folder: Path, environment: Environment, current: Stage) -> None:
    """Fill a folder with what is to take the environment's place."""
    own, prefix, mode = folder / ".pack", environment.prefix, environment.source.stat().st_mode
    own.mkdir()
    # Its name tells a start which mounts of the node are of this image.
    image, trees = own / f"{secrets.token_hex(8)}.sqsh", [*environment.folders.values()]
    # Of more than one folder each has its whole path in the image.
    whole = ["-no-strip"] if len(trees) > 1 else []
    current.run([squashfs_tool("mksquashfs"), *trees, image, *_OPTIONS, *whole])
    image.chmod(0o600 | (mode & 0o044))
    folders = environment.folders if whole else {}
    binds = {str(tree)[1:]: str(place) for place, tree in folders.items()}
    lines = configuration(prefix, image.name, 0, f"{prefix}/bin/", binds)
    write_own(own, [*lines, *activation(environment)])
    _write_skeleton(own, current)
    _link(folder, environment)
    folder.chmod(mode & 0o7777)


def configuration(
    prefix: Path, image: str, offset: int, folder: str, binds: Mapping[str, str]
) -> list[str]:
    """Return what tells the launcher where an image is mounted, and where its commands are."""
    try:
        apptainer = str(find_apptainer())
    except UnavailableError:
        apptainer = ""
    return [
        f"HPCPY_PACK_PREFIX={prefix}",
        f"HPCPY_PACK_IMAGE={image}",
        f"HPCPY_PACK_OFFSET={offset}",
        f"HPCPY_PACK_BIN={folder}",
        f"HPCPY_PACK_BINDS={':'.join(map('='.join, binds.items()))}",
        f"HPCPY_PACK_APPTAINER={apptainer}",
    ]


def write_own(own: Path, lines: Iterable[str]) -> None:
    """Write the launcher, its configuration, and what it starts where it cannot mount."""
    for source, name in ((launcher(), "run"), (SOURCES / "otherwise.sh", "otherwise")):
        shutil.copyfile(source, own / name)
        (own / name).chmod(0o755)
    text = "".join(f"{line}\n" for line in lines)
    (own / "config").write_text(text, encoding="utf-8", errors="surrogateescape")


def _write_skeleton(own: Path, current: Stage) -> None:
    """Write the empty root that Apptainer starts from, with the host's folders and links."""
    with scratch_dir(own, ".root") as root:
        for path in Path("/").iterdir():
            if path.is_symlink():
                (root / path.name).symlink_to(path.readlink())
            elif path.is_dir():
                (root / path.name).mkdir()
        words = ["skeleton.sqsh", "-all-root", "-no-progress", "-quiet"]
        current.run([squashfs_tool("mksquashfs"), root, *words], cwd=own)


def _link(folder: Path, environment: Environment) -> None:
    """Have a name for each command, and copies of what programs outside read."""
    names = folder / "bin"
    names.mkdir()
    (names / ANY).symlink_to("../.pack/run")
    for path in (environment.source / "bin").iterdir():
        # Files that a shell reads lie beside the commands.
        if environment.is_command(path.name) and not path.name.startswith(_SOURCED):
            (names / path.name).symlink_to("../.pack/run")
        elif path.is_file():
            shutil.copy2(path, names / path.name)
    for name in _READ_OUTSIDE:
        path, copy = environment.source / name, folder / name
        if path.is_file():
            copy.parent.mkdir(exist_ok=True)
            shutil.copy2(path, copy)
        elif path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
