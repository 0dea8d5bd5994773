"""Machine code of users' numba functions, which `python -m hpcpy_warmup` has kept.

It is in a folder of files that many ranks read and none writes: ``index``, and one for
each level of x86-64.  Functions are found by the hash of their source file, wherever
that lies.  If it has changed, they are compiled as in any numba, and a line says so.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Iterable
from types import FunctionType
from typing import Any

from _hpcpy_say import say

FOLDER = os.environ.get("HPCPY_KERNELS", "")
# Names of users' functions begin with this and the hash of the file.
PREFIX = "file:"

# While a program is warmed up: its functions' files, each with its hash.
recorded: dict[str, str] | None = None
_index: dict[str, str] | None = None
_hashes: dict[str, str] = {}
_has_told = False


def read(file: str, stamp: bytes) -> dict[str, Any]:
    """Return what a file of the folder holds; a ValueError if it is damaged or of another image.

    `stamp` is that of the image: `_hpcpy_numba.stamp`.
    """
    with open(file, "rb") as opened:
        return unpacked(file, opened.read(), stamp)


def unpacked(file: str, content: bytes, stamp: bytes) -> dict[str, Any]:
    """Return what a file's content holds, as `read` does."""
    try:
        made_for, held = marshal.loads(content)  # noqa: S302
    except (EOFError, TypeError) as error:
        raise ValueError(f"{file} is damaged") from error
    if made_for != stamp:
        raise ValueError(f"{file} is of another image")
    found: dict[str, Any] = held
    return found


def is_in_use() -> bool:
    """Tell whether code of users' functions is looked up or recorded."""
    return bool(FOLDER) or recorded is not None


def files(stamp: bytes) -> dict[str, str]:
    """Return the files whose functions are kept, each with its hash."""
    global _index  # noqa: PLW0603
    if _index is None:
        _index = {}
        try:
            _index = read(f"{FOLDER}/index", stamp)
        except ValueError as error:
            _tell_once(f"{error}: numba compiles anew")
        except OSError as error:
            _tell_once(f"HPCPY_KERNELS: {error.filename}: {error.strerror}: numba compiles anew")
    return _index


def entries(levels: Iterable[str], stamp: bytes) -> dict[str, bytes]:
    """Return the kept code, by name, of the first of some levels that has a file."""
    if FOLDER and recorded is None and files(stamp):
        for level in levels:
            try:
                return read(f"{FOLDER}/{level}.bin", stamp)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                _tell_once(f"{error}: numba compiles anew")
                break
    return {}


def source(function: FunctionType, stamp: bytes) -> str:
    """Return the hash of a user's function's file; "" if nothing of that file is kept."""
    kept = {} if recorded is not None else files(stamp)
    if recorded is None and not kept:
        return ""
    path = function.__code__.co_filename
    if path not in _hashes:
        try:
            with open(path, "rb") as file:
                _hashes[path] = hashlib.sha256(file.read()).hexdigest()
        except OSError:
            # The function comes from a string or from the standard input.
            _hashes[path] = ""
    found = _hashes[path]
    if recorded is not None:
        if found:
            recorded[path] = found
        return found
    if found in kept.values():
        return found
    if path in kept:
        _tell_once(f"{path} has changed since {FOLDER} was made: numba compiles anew")
    return ""


def tell_missing(name: str, signature: object, *, has_others: bool) -> None:
    """Print that a function's code is not kept for these types, or for its variables' values."""
    what = name.partition(" ")[2].partition(" ")[0]
    values = " and the values of its global variables" if has_others else ""
    _tell_once(f"{what} is not in {FOLDER} for {signature}{values}: numba compiles it")


def _tell_once(what: str) -> None:
    # A program may have hundreds of functions.
    global _has_told  # noqa: PLW0603
    if not _has_told:
        tell(what)
    _has_told = True


def tell(what: str) -> None:
    """Print what `hpcpy_warmup` would spare."""
    say(f"{what}; python -m hpcpy_warmup keeps it")
