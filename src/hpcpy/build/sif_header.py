"""Set the UUID and the times of a SIF by its content.

`apptainer sif` writes a random UUID and the time of writing.  The layout is
that of the SIF specification, version 01 (sylabs/sif, `pkg/sif`): a global
header at offset 0, and at ``descriptors_offset`` a table of descriptors.
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from hpcpy.core.errors import IntegrityError
from hpcpy.core.files import MIB

# launch script, magic, version, architecture, UUID, created, modified, free
# and all descriptors, their offset and size, the data's offset and size
_HEADER = struct.Struct("<32s10s3s3s16s8q")
_MAGIC = b"SIF_MAGIC\0"
# type, used, id, group, link, offset, size, padded size, created, modified,
# owner, group, name, extra
_DESCRIPTOR = struct.Struct("<i?IIIqqqqqqq128s384s")
_TYPE, _USED, _OFFSET, _SIZE, _CREATED, _OWNER = 0, 1, 5, 6, 8, 10
_PARTITION = 0x4004


def settle(path: Path, identity: str, epoch: int) -> None:
    """Set a SIF's UUID from what it holds, and its times and owners."""
    with path.open("r+b") as stream:
        fields = _header(stream, path)
        fields[4] = uuid.uuid5(uuid.NAMESPACE_OID, identity).bytes
        fields[5:7] = [epoch, epoch]
        stream.seek(0)
        stream.write(_HEADER.pack(*fields))
        total, start = fields[8], fields[9]
        for number in range(total):
            stream.seek(start + number * _DESCRIPTOR.size)
            descriptor = list(_DESCRIPTOR.unpack(stream.read(_DESCRIPTOR.size)))
            if not descriptor[1]:
                continue
            descriptor[_CREATED : _CREATED + 2] = [epoch, epoch]
            descriptor[_OWNER : _OWNER + 2] = [0, 0]
            stream.seek(start + number * _DESCRIPTOR.size)
            stream.write(_DESCRIPTOR.pack(*descriptor))


def system_sha256(path: Path) -> str:
    """Return the hash of a SIF's root file system, which a signature does not change."""
    begin, size = _system(path)
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        stream.seek(begin)
        while size > 0 and (block := stream.read(min(size, MIB))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def system_offset(path: Path) -> int:
    """Return where the root file system begins in a SIF."""
    return _system(path)[0]


def _system(path: Path) -> tuple[int, int]:
    with path.open("rb") as stream:
        fields = _header(stream, path)
        stream.seek(fields[9])
        for _ in range(fields[8]):
            entry = stream.read(_DESCRIPTOR.size)
            if len(entry) < _DESCRIPTOR.size:
                break
            descriptor = _DESCRIPTOR.unpack(entry)
            if descriptor[_USED] and descriptor[_TYPE] == _PARTITION:
                return int(descriptor[_OFFSET]), int(descriptor[_SIZE])
    raise IntegrityError(f"{path}: a SIF without a file system")


def missing(path: Path) -> str:
    """Return why a SIF is not whole, by the sizes that it states; empty if it is."""
    there = path.stat().st_size
    if there < _HEADER.size:
        return f"is cut short: {there} bytes; copy it again"
    with path.open("rb") as stream:
        total, start = _header(stream, path)[8:10]
        # Apptainer makes tables of 48.
        if not (0 <= total < 1 << 16 and 0 <= start < 1 << 62):
            return "is damaged; copy it again"
        stream.seek(start)
        table = stream.read(total * _DESCRIPTOR.size)
    whole = table[: len(table) // _DESCRIPTOR.size * _DESCRIPTOR.size]
    used = [one for one in _DESCRIPTOR.iter_unpack(whole) if one[_USED]]
    ends = [one[_OFFSET] + one[_SIZE] for one in used]
    needed = max(start + total * _DESCRIPTOR.size, *ends, 0)
    return f"is cut short: {there} of {needed} bytes; copy it again" if there < needed else ""


def _header(stream: BinaryIO, path: Path) -> list[Any]:
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size or _HEADER.unpack(head)[1] != _MAGIC:
        raise IntegrityError(f"{path}: not a SIF")
    return list(_HEADER.unpack(head))
