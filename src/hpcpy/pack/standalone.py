"""One file of launcher, image and configuration: it needs no folder but the environment's place."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

from hpcpy.core.files import whole_file
from hpcpy.pack import hot
from hpcpy.pack.environment import open_to
from hpcpy.pack.image import entries_of, image_of, place_of
from hpcpy_common.errors import UsageError

# As run.c reads it.
_END = struct.Struct("<24sq")
_MARK = b"hpcpy-pack configuration"
# squashfs's own blocks lie at multiples of it in the file, too.
_BLOCK = 128 << 10


def checked(file: Path | None, prefix: Path) -> Path:
    """Return where the program of an environment goes; refuse what must not be overwritten."""
    given = file or Path(f"{prefix.name}.run")
    file = Path(os.path.realpath(given))
    if file.is_dir():
        raise UsageError(f"{file}: is a folder", hint="give the file's name")
    if not file.parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.parent}", hint="make it first")
    if file.is_relative_to(prefix):
        raise UsageError(f"{file}: lies in the environment, and would be packed with it")
    # As given: what is behind /dev/stdout may have no name.
    if file.name == "-" or (given.exists() and not _is_own(given)):
        raise UsageError(f"{file}: is no program of pack's", hint="give a new file's name")
    return file


def _is_own(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _END.size))
        return stream.read().startswith(_MARK)


def write(packed: Path, file: Path) -> None:
    """Write what is in a packed folder as one file."""
    image, launcher = image_of(packed), packed / ".pack/run"
    if image.is_symlink():
        raise UsageError(f"{packed}: has the commands of a SIF, which is one file already")
    begin = -(-launcher.stat().st_size // _BLOCK) * _BLOCK
    ahead = [f"{each.at + begin}+{each.size}" for each in hot.ranges(packed)]
    changed = {"HPCPY_PACK_OFFSET": str(begin), "HPCPY_PACK_HOT": " ".join(ahead)}
    others = [entry for entry in entries_of(packed) if entry.partition("=")[0] not in changed]
    texts = [*others, *(f"{name}={value}" for name, value in changed.items()), ""]
    with whole_file(file) as temporary, temporary.open("wb") as stream:
        for place, source in ((0, launcher), (begin, image)):
            stream.seek(place)
            with source.open("rb") as read:
                shutil.copyfileobj(read, stream, 1 << 20)
        end = stream.tell()
        stream.write(b"".join(os.fsencode(text) + b"\0" for text in texts))
        stream.write(_END.pack(_MARK, end))
        # Whoever may read the image, and come to it, may start the file.
        mode, group = image.stat().st_mode & 0o444, os.fstat(stream.fileno()).st_gid
        for path in (image, *({*place_of(packed).parents} - {*file.parents})):
            mode &= open_to(path, group) | 0o400
        os.fchmod(stream.fileno(), mode | mode >> 2 | 0o200)
