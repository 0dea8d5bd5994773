"""What Apptainer's own signature in a SIF covers: all that is run, and no number beside it."""

from __future__ import annotations

import itertools
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packed_images import FILES, make_sif
from release_keys import said

from hpcpy.engine.setup import Engine

# The layout of SIF, version 01: a name and its bytes.
HEADER = {
    "launch": 32,
    "magic": 10,
    "version": 3,
    "architecture": 3,
    "uuid": 16,
    "created": 8,
    "modified": 8,
    "free": 8,
    "descriptors": 8,
    "descriptors offset": 8,
    "descriptors size": 8,
    "data offset": 8,
    "data size": 8,
}
DESCRIPTOR = {
    "type": 4,
    "used": 1,
    "id": 4,
    "group": 4,
    "link": 4,
    "offset": 8,
    "size": 8,
    "padded size": 8,
    "created": 8,
    "modified": 8,
    "owner": 8,
    "owner group": 8,
    "name": 128,
    "extra": 384,
}
# What Apptainer does not look at, as docs/releasing.md has it.  Of the signature's own
# descriptor only that counts which leads to it.
OUTSIDE = {
    *(f"header {name}" for name in ("architecture", "created", "modified", "free")),
    *(f"header {name}" for name in ("descriptors size", "data offset", "data size")),
    *(f"file system {name}" for name in ("used", "id", "padded size", "modified")),
    *(f"signature {name}" for name in ("used", "id", "padded size", "created", "modified")),
    *(f"signature {name}" for name in ("owner", "owner group", "name", "extra")),
    *("gap after the header", "unused descriptor", "gap before the data"),
}


@pytest.fixture(scope="module")
def sif(engine: Engine, keys: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make_sif(engine, tmp_path_factory.mktemp("sif"), FILES)
    said(engine.apptainer, "sign", "--key", keys[0], path)
    return path


def fields(of: str, sizes: dict[str, int], start: int) -> Iterator[tuple[str, int]]:
    """Yield the name of each field, and where its first byte is."""
    offsets = itertools.accumulate(sizes.values(), initial=start)
    yield from ((f"{of} {name}", offset) for name, offset in zip(sizes, offsets, strict=False))


def places(whole: bytes) -> Iterator[tuple[str, int]]:
    size = sum(DESCRIPTOR.values())
    length = sum(HEADER.values())
    table = dict(fields("", HEADER, 0))[" descriptors offset"]
    (start,) = struct.unpack_from("<q", whole, table)
    yield from fields("header", HEADER, 0)
    yield from fields("file system", DESCRIPTOR, start)
    yield from fields("signature", DESCRIPTOR, start + size)
    yield "gap after the header", length
    yield "unused descriptor", start + 2 * size
    data, end = struct.unpack_from("<qq", whole, start + dict(fields("", DESCRIPTOR, 0))[" offset"])
    yield "gap before the data", data - 1
    yield from ((f"data {place}", data + place) for place in range(0, end - 7, end // 8))
    for name in (b'"payload":"', b'"sig":"'):
        begin = whole.index(name, data) + len(name)
        yield from ((f"{name.decode()} {place}", begin + place) for place in (0, 9, 40, 90))


@pytest.mark.fault(
    "a release is changed: a flipped bit, a file cut, swapped or missing",
    "found",
)
def test_apptainer_finds_a_flipped_bit_in_all_that_counts(
    engine: Engine, keys: tuple[Path, Path], sif: Path, tmp_path: Path
) -> None:
    whole = sif.read_bytes()
    changed = tmp_path / "changed.sif"
    command: list[str | Path] = [engine.apptainer, "verify", "--key", keys[1], changed]
    found = {}
    for name, place in (("", -1), *places(whole)):
        flipped = bytearray(whole)
        if name:
            flipped[place] ^= 4
        changed.write_bytes(flipped)
        found[name] = subprocess.run(command, capture_output=True, check=False).returncode != 0
    assert found.pop("") is False
    assert {name for name, was_found in found.items() if not was_found} == OUTSIDE
    assert len(found) == len(HEADER) + 2 * len(DESCRIPTOR) + 3 + 8 + 8
