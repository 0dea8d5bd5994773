"""The folder that takes an environment's place: the image, the launcher, and its names."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hpcpy.core.files import all_below, is_folder, write_whole
from hpcpy.core.paths import quoted
from hpcpy.core.programs import printed
from hpcpy.core.stages import Stage, StageError, say
from hpcpy.pack.environment import Environment, activation, has_acl, readers, variables
from hpcpy.pack.places import beside, opened, removal
from hpcpy.pack.programs import SOURCES, apptainer, launcher, mksquashfs, unsquashfs
from hpcpy_common.errors import DiskError, IntegrityError

# zstd 3 packs as fast as the disk reads, and no other level starts sooner.
_OPTIONS = (
    *("-comp", "zstd", "-Xcompression-level", "3", "-b", "128K"),
    *("-no-xattrs", "-no-progress", "-quiet", "-exit-on-error"),
)
_MOST_PAIRS = 10**8
# What programs outside read of an environment: shells, conda, VS Code, Jupyter.
_READ_OUTSIDE = ("pyvenv.cfg", "conda-meta/history", "conda-meta/state", "share/jupyter/kernels")
# What shells read in bin is no command.
_SOURCED = ("activate", "deactivate")
# How the names of a configuration's own entries begin.
_OWN = "HPCPY_PACK_"
# A line of unsquashfs's list: mode, group, and name, which may have what ends a line.
_MODE = r"[-dlbcps][-rwxsStT]{9} \d+/"
_LINE = rf"(?ms)^({_MODE})(\d+) [ \d,]+ \d{{4}}-\d\d-\d\d \d\d:\d\d (.*?)(?=\n{_MODE}|\n?\Z)"
# A file that the list does not tell from another one.
_UNCLEAR = ("", None)
# squashfs's first block: its mark, and how many bytes it has.
_BEGIN = struct.Struct("<4s36xQ")
_REMEDY = "put a whole one there, or --undo if a folder was kept"
# Runs any command where the environment lies at its place.
ANY = "pack-exec"


def image_of(packed: Path) -> Path:
    """Return the image of a packed folder."""
    return packed / ".pack" / setting(packed, "IMAGE")


def refuse_damaged(packed: Path) -> None:
    """Refuse an image that is shorter than it says, or none."""
    file = image_of(packed)
    with file.open("rb") as stream:
        begin = stream.seek(int(setting(packed, "OFFSET")))
        mark, size = _BEGIN.unpack(stream.read(_BEGIN.size).ljust(_BEGIN.size))
    if mark != b"hsqs" or begin + size > file.stat().st_size:
        raise IntegrityError(f"{file}: is damaged", hint=_REMEDY)


def entries_of(packed: Path) -> list[str]:
    """Return the entries of a packed folder's configuration; refuse one that was cut."""
    text = (packed / ".pack/config").read_text(errors="surrogateescape")
    if not text.endswith("\0") or f"{_OWN}IMAGE=" not in text:
        kept = beside(packed, "unpacked")
        by_hand = f"if {kept} is whole: {removal(packed)} && mv {quoted(kept)} {quoted(packed)}"
        hint = by_hand if kept.is_dir() else "put a whole one there"
        raise IntegrityError(f"{packed}/.pack/config: is damaged", hint=hint)
    return [entry for entry in text.split("\0") if entry]


def setting(packed: Path, name: str) -> str:
    """Return what a packed folder's configuration says of its image, or an empty text."""
    # The other entries are variables of the environment, of any name.
    begin = f"{_OWN}{name}="
    own = (entry for entry in entries_of(packed) if entry.startswith(begin))
    return next(own, begin).removeprefix(begin)


def with_setting(packed: Path, name: str, value: str) -> None:
    """Change a value of a packed folder's configuration, which starts may read meanwhile."""
    config, begin = packed / ".pack/config", f"{_OWN}{name}="
    others = [entry for entry in entries_of(packed) if not entry.startswith(begin)]
    text = "".join(f"{entry}\0" for entry in (*others, f"{begin}{value}"))
    mode = stat.S_IMODE(config.stat().st_mode)
    # Both are closed, and no file is replaced that its owner has closed.
    with opened(config.parent), opened(config):
        write_whole(config, text, mode)


def place_of(packed: Path) -> Path:
    """Return where a folder was packed: a start of it has its image there."""
    return Path(os.path.realpath(setting(packed, "PREFIX").removesuffix("/.pack/root")))


def bound(packed: Path) -> list[list[str]]:
    """Return an image's folders, its own last, and where they belong; none if it has one alone."""
    return [bind.split("=") for bind in setting(packed, "BINDS").split(":") if bind]


def unpack(packed: Path, tree: Path, current: Stage) -> Path:
    """Unpack the environment's own folder of an image, as it was, into a new one; return where."""
    own, listed = [name for name, _ in bound(packed)][-1:], _listed(packed)
    words: list[str | Path] = [unsquashfs(is_named=bool(own)), "-no-progress", "-quiet", "-d", tree]
    as_named = ["-no-wildcards"] if own else []
    try:
        current.run([*words, *as_named, image_of(packed), *own], umask=0)
    except StageError as error:
        if isinstance(error, DiskError):
            raise
        raise IntegrityError(f"{image_of(packed)}: is damaged ({error})", hint=_REMEDY) from error
    folder = tree.joinpath(*own)
    had_acls = bool(setting(packed, "ACL"))
    if had_acls:
        say("its files had ACLs, which are not kept: they are open to their owner alone")
    # unsquashfs gives an ordinary user neither groups nor the set-gid bits of folders back.
    for path in (folder, *all_below(folder)):
        mode, group = listed.get(str(path).removeprefix(str(folder)), _UNCLEAR)
        give_group(path, group)
        if re.match("d.{5}[sS]", mode):
            path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_ISGID)
        if had_acls and not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o077)
    return folder


def give_group(path: Path, group: int | None) -> None:
    """Give a file its group; where that cannot be, all others may what both they and it may."""
    status = path.lstat()
    with contextlib.suppress(OSError):
        if group is not None:
            if group != status.st_gid:
                os.chown(path, -1, group, follow_symlinks=False)
            return
    if not path.is_symlink():
        both = status.st_mode >> 3 & status.st_mode & 0o007
        path.chmod(stat.S_IMODE(status.st_mode) & ~0o077 | both << 3 | both)


def names_in(packed: Path) -> set[str]:
    """Return the paths below the environment's own folder in an image, each after a slash."""
    return {*_listed(packed)} - {""}


def _listed(packed: Path) -> dict[str, tuple[str, int | None]]:
    """Return the paths of the environment's own folder in an image, with modes and groups."""
    # A name may have what ends a line, and look like another file's: that one has no group here.
    # All folders are listed: 4.4 would take a name for a pattern.
    file = image_of(packed)
    command: list[str | Path] = [unsquashfs(is_named=False), "-lln", "-d", "", file]
    listed = printed(command, file, error=IntegrityError, hint=_REMEDY)
    own = [f"/{name}" for name, _ in bound(packed)][-1:] or [""]
    links: dict[str, tuple[str, int | None]] = {}
    others: dict[str, tuple[str, int | None]] = {}
    for mode, group, name in re.findall(_LINE, listed):
        # A link's has its target behind it.
        path = name.partition(" -> ")[0] if mode[0] == "l" else name
        if path == own[0] or path.startswith(f"{own[0]}/"):
            of_kind, path = links if mode[0] == "l" else others, path.removeprefix(own[0])
            of_kind[path] = _UNCLEAR if path in of_kind else (mode, int(group))
    return links | others


def is_whole(folder: Path, packed: Path) -> bool:
    """Tell whether a folder still has all that was packed."""
    try:
        names = (name for name in names_in(packed) if "__pycache__" not in name.split("/"))
        return all(os.path.lexists(f"{folder}{name}") for name in names)
    except IntegrityError:
        # No more is known of a damaged image.
        return 0 < int(setting(packed, "ENTRIES") or 0) <= _count(folder)


def _count(folder: Path) -> int:
    """Return how many lines a list of a folder has, as otherwise.sh counts them."""
    below = (path.relative_to(folder) for path in all_below(folder))
    return 1 + sum(1 + str(path).count("\n") for path in below if "__pycache__" not in path.parts)


def added(folder: Path, packed: Path) -> str:
    """Return a file that somebody has put into a folder, or changed there, since it was packed."""
    since, names = image_of(packed).stat().st_mtime, names_in(packed) if folder.exists() else set()
    for path in (path for path in all_below(folder) if "__pycache__" not in path.parts):
        is_new = not is_folder(path) and path.lstat().st_mtime > since
        if is_new or str(path).removeprefix(str(folder)) not in names:
            return str(path)
    return ""


def new_image(folder: Path) -> Path:
    """Return where the image of a new folder is to be written."""
    # Its name tells a start which mounts of the node are of this image.
    # Where an image of hpcpy is mounted; the root of Apptainer's container.
    (folder / ".pack/root").mkdir(parents=True)
    return folder / ".pack" / f"{secrets.token_hex(8)}.image"


def write(
    folder: Path, environment: Environment, current: Stage, added: Sequence[str | Path] = ()
) -> None:
    """Fill an empty folder with what is to take the environment's place, and some files more."""
    source, prefix, trees = environment.source, environment.prefix, [*environment.folders.values()]
    status, image = source.stat(), new_image(folder)
    # More than one folder: each has its whole path in the image.
    no_strip = ["-no-strip"] if len(trees) > 1 else []
    program = mksquashfs(is_plain=not no_strip and not added)
    more = [*no_strip, *added, *_without_comparison(trees)]
    current.run([program, *trees, image, *_OPTIONS, *more])
    binds = [f"{str(tree)[1:]}={place}" for place, tree in environment.folders.items() if no_strip]
    settings = {"PREFIX": prefix, "BIN": f"{prefix}/bin/", "OFFSET": 0, "BINDS": ":".join(binds)}
    settings |= {"ENTRIES": _count(source), "ACTIVATE": activation(environment)}
    settings |= {"ACL": 1} if any(map(has_acl, (source, *all_below(source)))) else {}
    files = [path for path in (source / "bin").iterdir() if not os.path.isdir(path)]
    # A link may lead to a path that is only in the image.
    programs = [path for path in files if path.is_symlink() or os.access(path, os.X_OK)]
    names = {path.name for path in programs if not path.name.startswith(_SOURCED)}
    write_launcher(image, names, settings, variables(environment))
    # Files that a shell reads lie beside the commands.
    read = [path for path in files if path.name not in names]
    for path in (*read, *(source / name for name in _READ_OUTSIDE)):
        _copy(path, folder / path.relative_to(source), source)
    _close(folder, source)
    # Whatever the umask: who can enter a folder of the environment's can enter this one.
    for path in (folder, *all_below(folder)):
        original = source / path.relative_to(folder)
        original = original if os.path.lexists(original) else source
        if is_folder(path):
            path.chmod(original.stat().st_mode & 0o2555 | 0o500)
        give_group(path, original.lstat().st_gid)
    # The configuration has values of variables, of files that may be closed.
    image.chmod(0o400 | readers(environment, image.stat().st_gid))
    image.with_name("config").chmod(image.stat().st_mode)
    folder.chmod(status.st_mode & 0o7555)
    give_group(folder, status.st_gid)


def _without_comparison(trees: Iterable[Path]) -> list[str]:
    """Return the option that ends comparisons, where very many files have few sizes."""
    # mksquashfs compares each file with all of its size, to store equal ones once: 200,000 files
    # of one to eight bytes took 19 minutes.  The 60,000 files of a whole system have 10^6 pairs.
    files = (path.lstat() for tree in trees for path in all_below(tree))
    sizes = Counter(file.st_size for file in files if stat.S_ISREG(file.st_mode) and file.st_size)
    pairs = sum(count * count for count in sizes.values())
    return ["-no-duplicates"] if pairs > _MOST_PAIRS else []


def _copy(path: Path, copy: Path, source: Path) -> None:
    """Copy a file or a folder, and links as such: what one leads to may be closed to others."""
    if any((source / folder).is_symlink() for folder in path.relative_to(source).parents):
        return
    if is_folder(path):
        shutil.copytree(path, copy, symlinks=True)
    elif os.path.lexists(path):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy, follow_symlinks=False)


def _close(folder: Path, source: Path) -> None:
    """Let tools outside write nothing beside the image, where no start would see it."""
    for path in source.iterdir():
        if os.path.isdir(path) and not os.path.lexists(folder / path.name):
            # For root, whom no mode stops, too: a name that leads nowhere.
            (folder / path.name).symlink_to(f".pack/closed/{path.name}")
    for path in all_below(folder):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def write_launcher(
    image: Path, commands: Iterable[str], settings: Mapping[str, object], variables: Iterable[str]
) -> None:
    """Write what starts the commands of an image, beside it, and their names."""
    own = image.parent
    # The last one starts them where the launcher cannot mount.
    for source, name in ((launcher(), "run"), (SOURCES / "otherwise.sh", "otherwise")):
        shutil.copyfile(source, own / name)
        (own / name).chmod(0o755)
    # Each one: a start from within another environment has those of that one.
    every = {"ACTIVATE": "", "HOT": "", **settings, "IMAGE": image.name}
    every["APPTAINER"] = apptainer()
    entries = [f"{_OWN}{name}={value}" for name, value in every.items()]
    text = "".join(f"{entry}\0" for entry in (*entries, *variables))
    (own / "config").write_text(text, encoding="utf-8", errors="surrogateescape")
    names = own.with_name("bin")
    names.mkdir()
    for command in (*commands, ANY):
        (names / command).symlink_to("../.pack/run")
