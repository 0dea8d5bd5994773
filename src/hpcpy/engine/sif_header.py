"""Set the UUID and the times of a SIF by its content: `apptainer sif` writes random ones."""

# By the SIF specification, version 01 (sylabs/sif, `pkg/sif`): a global header at offset 0, and at
# `descriptors_offset` a table of descriptors.

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from hpcpy_common.errors import IntegrityError

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
        for place, values in _descriptors(stream, fields):
            descriptor = list(values)
            descriptor[_CREATED : _CREATED + 2] = [epoch, epoch]
            descriptor[_OWNER : _OWNER + 2] = [0, 0]
            stream.seek(place)
            stream.write(_DESCRIPTOR.pack(*descriptor))


def system(path: Path) -> tuple[int, int]:
    """Return where the root file system begins in a SIF, and its size."""
    with path.open("rb") as stream:
        header = _header(stream, path)
        if wrong := missing(path):
            raise IntegrityError(f"{path}: {wrong}")
        for _, descriptor in _descriptors(stream, header):
            if descriptor[_TYPE] == _PARTITION:
                return descriptor[_OFFSET], descriptor[_SIZE]
    raise IntegrityError(f"{path}: a SIF without a file system")


def missing(path: Path) -> str:
    """Return why a SIF is not whole, by the sizes that it states; empty if it is."""
    there = path.stat().st_size
    if there < _HEADER.size:
        return f"is cut short: {there} bytes; copy it again"
    with path.open("rb") as stream:
        fields = _header(stream, path)
        total, start = fields[8:10]
        needed = start + total * _DESCRIPTOR.size
        pieces = [(start, total)]
        # Apptainer makes tables of 48.
        if 0 <= start <= needed <= there and total < 1 << 16:
            pieces += [
                descriptor[_OFFSET : _SIZE + 1] for _, descriptor in _descriptors(stream, fields)
            ]
            needed = max(needed, *(offset + size for offset, size in pieces))
    if min(min(piece) for piece in pieces) < 0 or total >= 1 << 16:
        return "is damaged; copy it again"
    return f"is cut short: {there} of {needed} bytes; copy it again" if there < needed else ""


def _descriptors(stream: BinaryIO, header: list[Any]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield each descriptor that is used, and its place."""
    for number in range(header[8]):
        place = header[9] + number * _DESCRIPTOR.size
        stream.seek(place)
        entry = stream.read(_DESCRIPTOR.size)
        if len(entry) < _DESCRIPTOR.size:
            return
        if (descriptor := _DESCRIPTOR.unpack(entry))[_USED]:
            yield place, descriptor


def _header(stream: BinaryIO, path: Path) -> list[Any]:
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size or _HEADER.unpack(head)[1] != _MAGIC:
        raise IntegrityError(f"{path}: not a SIF")
    return list(_HEADER.unpack(head))
