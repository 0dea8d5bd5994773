"""Users' kernels that OpenCL and the GPU packages have compiled, kept by `hpcpy_warmup`.

PoCL, CuPy and numba-cuda look for compiled kernels in a folder of files that they also
write to; PoCL builds nothing if it cannot write there.  So each package's files are kept
in one file, which many ranks read.  The first rank of a node unpacks it to node-local
storage, and all ranks of the node use that folder in place of the user's cache.
"""

from __future__ import annotations

import atexit
import hashlib
import marshal
import os
import shutil
import sys
from collections.abc import Mapping

import _hpcpy_caches
import _hpcpy_private
from _hpcpy_numba_users import tell
from _hpcpy_say import is_first_rank

# Imported module -> the package whose cache it uses (`_hpcpy_caches.VARIABLES`).
PACKAGES = {"pyopencl": "pyopencl", "cupy": "cupy", "numba.cuda": "numba"}
# Ends of the names of compiled kernels; other files come with them.
_KERNELS = (".so", ".cubin", ".nbc")
_DIGEST = 32


def name(module: str) -> str:
    """Return the name of the file that a package's kernels are kept in."""
    return f"{module.replace('.', '-')}.bin"


def before(module: str) -> None:
    """Point a package at the kept kernels before it is imported.

    Nothing is done without HPCPY_KERNELS, without a kept file, or if the user has
    named a folder for the package's cache.
    """
    kept = os.environ.get("HPCPY_KERNELS")
    package = PACKAGES[module]
    own = _hpcpy_private.folder() if kept else None
    variable = _hpcpy_caches.VARIABLES[package]
    if own is None or os.environ.get(variable, f"{own}/{package}") != f"{own}/{package}":
        return
    try:
        folder = _unpacked(f"{kept}/{name(module)}", f"{own}/{package}")
    except FileNotFoundError:
        return
    except (OSError, ValueError, EOFError, TypeError) as error:
        tell(f"{kept}/{name(module)}: {error}: {module} compiles anew")
        return
    os.environ[variable] = folder
    if package == "numba":
        # numba, whose part numba.cuda is, has read the variable already.
        sys.modules["numba.core.config"].CACHE_DIR = folder  # type: ignore[attr-defined]
    if is_first_rank():
        atexit.register(_tell_compiled, module, folder, kernels(folder))


def read(file: str) -> dict[str, bytes]:
    """Return the contents of the kept files by their paths; a ValueError if it is damaged."""
    with open(file, "rb") as opened:
        digest, data = opened.read(_DIGEST), opened.read()
    if hashlib.sha256(data).digest() != digest:
        raise ValueError("is damaged")
    found: dict[str, bytes] = marshal.loads(data)  # noqa: S302
    return found


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files, given by their paths, as the bytes that `read` reads: equal for equal files."""
    data = marshal.dumps(dict(sorted(files.items())), 2)
    return hashlib.sha256(data).digest() + data


def kernels(folder: str) -> set[str]:
    """Return the paths of the compiled kernels in a folder."""
    found = (f"{where}/{file}" for where, _, files in os.walk(folder) for file in files)
    return {path for path in found if path.endswith(_KERNELS)}


def _unpacked(kept: str, beginning: str) -> str:
    """Return a folder with the kept files, made by whichever process of the node is first."""
    with open(kept, "rb") as file:
        folder = f"{beginning}-{file.read(_DIGEST).hex()[:16]}"
    if os.path.isdir(folder):
        return folder
    # Not by process ID: processes of several containers may have the same.
    scratch = f"{folder}.{os.urandom(8).hex()}"
    try:
        for path, data in read(kept).items():
            os.makedirs(os.path.dirname(f"{scratch}/{path}"), 0o700, exist_ok=True)
            with open(f"{scratch}/{path}", "wb") as file:
                file.write(data)
        try:
            os.rename(scratch, folder)
        except OSError:
            if not os.path.isdir(folder):  # by another rank of this node
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _tell_compiled(module: str, folder: str, known: set[str]) -> None:
    count = len(kernels(folder) - known)
    if count:
        kernel = f"{count} kernel" + ("" if count == 1 else "s")
        tell(f"{os.environ['HPCPY_KERNELS']} lacks {kernel} of {module}, compiled just now")
