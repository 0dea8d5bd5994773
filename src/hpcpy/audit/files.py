"""The files of data that a user names: read without trust, and nothing unpacked to disk."""

from __future__ import annotations

import json
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from hpcpy.audit import debian, osv
from hpcpy.audit.advisories import Known
from hpcpy.errors import IntegrityError, UsageError
from hpcpy.files import MIB

# Debian's tracker has some 100 MiB, the largest record of osv.dev some 10.
LARGEST = 1024 * MIB
# JSON compresses to a tenth. A zip that unpacks to a hundred times its size is a bomb.
_RATIO, _SPARE = 100, 64 * MIB
_ZIP, _ZLIB = b"PK", b"\x78"
# What zipfile and its decompressors raise for bytes that are none of theirs.
_BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(RuntimeError, ValueError, OverflowError),
)


def read(path: Path, known: Known) -> None:
    """Keep what a file, a folder of files, or a zip of files says.

    Raises
    ------
    UsageError
        When it is not there or cannot be read.
    IntegrityError
        When it is not of a known format, or too large.
    """
    before = known.count
    try:
        for file in _files(path):
            _read_file(file, known)
    except OSError as error:
        raise UsageError(f"{error.filename or path}: {error.strerror or error}") from error
    if known.count == before:
        raise IntegrityError(
            f"{path}: no data of known vulnerabilities in it", hint="see SECURITY.md"
        )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        if path.exists() and not path.is_file():
            raise UsageError(f"{path}: neither a file nor a folder")
        yield path
        return
    for folder, below, names in os.walk(path):
        below.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix in (".json", ".zip") and file.is_file():
                yield file


def _read_file(path: Path, known: Known) -> None:
    with path.open("rb") as stream:
        start = stream.read(2)
        if start == _ZIP:
            _read_zip(path, known)
            return
        content = start + stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise IntegrityError(f"{path}: larger than {LARGEST // MIB} MiB, more than any known data")
    _read_content(content, str(path), known)


def _read_zip(path: Path, known: Known) -> None:
    left = _SPARE + _RATIO * path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.filename.endswith(".json"):
                    continue
                # Count what is read: the size that the zip states may be wrong.
                with archive.open(member) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise IntegrityError(f"{path}: unpacks to {_RATIO} times its size")
                _read_content(content, f"{path}: {member.filename!r}", known)
    except _BROKEN_ZIP as error:
        raise IntegrityError(f"{path}: not a whole zip file ({error})") from error


def _read_content(content: bytes, where: str, known: Known) -> None:
    try:
        if content[:1] == _ZLIB:
            debian.read_debsecan(content, known)
            return
        value = json.loads(content)
        if osv.is_record(value):
            osv.read(value, known)
        elif debian.is_tracker(value):
            debian.read_tracker(value, known)
        else:
            raise IntegrityError(
                f"{where}: neither an OSV record nor Debian's tracker", hint="see SECURITY.md"
            )
    except RecursionError as error:
        raise IntegrityError(f"{where}: nested deeper than any such data") from error
    except (ValueError, TypeError, AttributeError, LookupError, zlib.error) as error:
        told = " ".join(str(error).split())
        raise IntegrityError(f"{where}: does not fit its format ({told[:200]})") from error
