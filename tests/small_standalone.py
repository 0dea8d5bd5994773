"""A program that passes for the one file: a copy of the shell with its mark, and a whole end."""

import shutil
import struct
from pathlib import Path


def make_standalone(file: Path) -> Path:
    """Write it: the name of the section of files before a table of one section."""
    content = bytearray(Path(str(shutil.which("sh"))).read_bytes() + b"\0.hpcpy_files\0")
    struct.pack_into("<Q", content, 40, len(content))
    struct.pack_into("<H", content, 60, 1)
    file.write_bytes(content + bytes(64))
    file.chmod(0o755)
    return file
