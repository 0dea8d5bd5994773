"""The developer tools of ``env/dev.lock`` in ``build/venv``."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from hpcpy import paths
from hpcpy.checkout_lock import checkout_lock
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.files import disk_errors
from hpcpy.stages import StageError, stage


def ensure_venv() -> Path:
    """Return ``build/venv`` with exactly the tools of ``env/dev.lock``.

    It is made again when the lock or the interpreter has changed, or when
    making it was interrupted.

    Returns
    -------
    Path
        The folder; the tools are in its ``bin``.

    Raises
    ------
    UnavailableError
        When this Python cannot make one, or a tool cannot be downloaded.
    UsageError
        When the lock is missing.
    """
    lock = paths.ENV / "dev.lock"
    try:
        pinned = lock.read_bytes()
    except OSError as error:
        raise UsageError(f"env/dev.lock: {error.strerror}") from error
    made_from = hashlib.sha256(
        b"\0".join([pinned, sys.version.encode(), sys.executable.encode()])
    ).hexdigest()
    # Written last, and kept inside: a venv without it is half made.
    stamp = paths.VENV / "made-from"
    with checkout_lock(), disk_errors(paths.VENV):
        if not stamp.exists() or stamp.read_text() != made_from:
            _make(lock)
            stamp.write_text(made_from)
    return paths.VENV


def _make(lock: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        # Debian packs it apart from the interpreter.
        raise UnavailableError(
            f"{sys.executable} cannot make a virtual environment: it has no ensurepip",
            hint="apt install python3-venv",
        )
    with stage("developer tools") as current:
        current.run([sys.executable, "-m", "venv", "--clear", paths.VENV])
        install = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
        try:
            current.run(
                [
                    paths.VENV / "bin" / "python",
                    *install,
                    "--require-hashes",
                    "--only-binary=:all:",
                    "--requirement",
                    lock,
                ]
            )
        except StageError as error:
            raise StageError(
                str(error), hint="when a package index cannot be reached, configure pip for one"
            ) from error
