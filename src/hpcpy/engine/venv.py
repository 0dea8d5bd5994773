"""Virtual environments of this machine's Python, made from locks in ``env``."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import disk_errors
from hpcpy.core.programs import captured
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import StageError, stage
from hpcpy.engine.setup import install
from hpcpy.engine.tools import Tool, Version

# What each is for; the names are those of the locks.
TITLES = {
    "dev": "developer tools",
    "docs": "Sphinx, for the built pages",
    "outside": "numpy and h5py outside the image",
    "podman-hpc": "podman-hpc, for the launch tests",
    "reframe": "ReFrame, for the launch tests",
}


def ensure_venv(name: str = "dev", python: str = sys.executable) -> Path:
    """Return a folder with exactly the packages of ``env/<name>.lock``, as they are now."""
    lock = paths.ENV / f"{name}.lock"
    folder = paths.VENV if name == "dev" else paths.VENV.with_name(f"venv-{name}")
    made_from = hashlib.sha256(
        "\0".join([lock.read_text(), _version(python), python, str(folder)]).encode()
    ).hexdigest()
    # Written last, and kept inside: a venv without it is half made.
    stamp = folder / "made-from"
    with checkout_lock(), disk_errors(folder):
        if not stamp.exists() or stamp.read_bytes() != made_from.encode():
            _make(folder, lock, python, TITLES[name])
            stamp.write_text(made_from)
    return folder


def _version(python: str) -> str:
    if python == sys.executable:
        return sys.version
    return captured([python, "-VV"]).stdout


def _make(folder: Path, lock: Path, python: str, title: str) -> None:
    if python == sys.executable and importlib.util.find_spec("ensurepip") is None:
        # Debian packs it apart from the interpreter: python3.11-venv.
        package = f"{Path(python).resolve().name}-venv"
        install([Tool("ensurepip", Version((3, 11)), package, (), "makes virtual environments")])
    if folder.is_symlink():
        folder.unlink()  # `--clear` would empty what it points to
    with stage(title) as current:
        current.run([python, "-I", "-m", "venv", "--clear", folder])
        pip = ["-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement"]
        try:
            current.run([folder / "bin/python", *pip, *options, lock])
        except StageError as error:
            hint = "when a package index cannot be reached, configure pip for one"
            raise StageError(str(error), hint=hint) from error
