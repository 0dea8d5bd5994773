"""Pynamic's modules as a wheel: what pip installs and `hpcpy_bake` bakes."""

from __future__ import annotations

import platform
import zipfile
from pathlib import Path

_NAME, _VERSION = "pynamic", "1"


def write(modules: Path, folder: Path) -> str:
    """Write a wheel of compiled modules into a folder; return what it is called.

    Parameters
    ----------
    modules
        As `made.made` returns it; its name tells one content from another.
    folder
        Where to.
    """
    version = f"{_VERSION}+{modules.name}"
    home = f"{_NAME}-{version}.dist-info"
    tag = f"py3-none-linux_{platform.machine()}"
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: {version}\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: {_NAME}\nRoot-Is-Purelib: false\nTag: {tag}\n",
    }
    files = sorted(modules.iterdir())
    names = [*(path.name for path in files), *(f"{home}/{name}" for name in (*texts, "RECORD"))]
    texts["RECORD"] = "".join(f"{name},,\n" for name in names)
    with zipfile.ZipFile(folder / f"{_NAME}-{version}-{tag}.whl", "w") as archive:
        for path in files:
            archive.write(path, path.name)
        for name, text in texts.items():
            archive.writestr(f"{home}/{name}", text)
    return _NAME
