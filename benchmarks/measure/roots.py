"""An image's files on the host's own disk, and a virtual environment there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hpcpy.build.sif_header import system_offset
from hpcpy.core import paths
from hpcpy.core.files import GIB, disk_errors, require_free, scratch_dir
from hpcpy.core.stages import skipped, stage
from hpcpy.engine.setup import ensure

_FOLDER = paths.BUILD / "startup"
# Where the environment lies in the unpacked image.
VENV = Path("/venv")
_SITE = "opt/hpcpy/lib"
# The image's own start-up; an environment on a host has none.
_NOT_IN_VENV = ("sitecustomize.py", "sitecustomize.cpython-*.pyc")


def unpacked_root(name: str, sif: Path, digest: str) -> Path:
    """Return the folder of a SIF's files in ``build/startup``; those of other builds go.

    Parameters
    ----------
    name
        The image.
    sif
        Its file.
    digest
        What names its content.
    """
    parent = _FOLDER / name
    root = parent / digest.removeprefix("sha256:")[:16]
    if root.exists():
        skipped(f"unpacked {name}", "up to date")
        return root
    with stage(f"unpack {name}") as current, disk_errors(parent):
        shutil.rmtree(parent, ignore_errors=True)
        require_free(_FOLDER, 3 * GIB // 2, f"unpacking {name}")
        with scratch_dir(parent, "made") as scratch:
            unsquashfs = ensure("apptainer").mksquashfs.with_name("unsquashfs")
            made = scratch / "root"
            offset = str(system_offset(sif))
            current.run([unsquashfs, "-no-progress", "-offset", offset, "-dest", made, sif])
            made.rename(root)
    return root


def add_venv(root: Path) -> Path:
    """Have a virtual environment with the image's packages in an unpacked image.

    Its interpreter is a link and its packages are the same files under
    another name, as ``uv venv`` and ``uv pip install`` make them.

    Returns
    -------
    Path
        Its interpreter, as a program in that root sees it.
    """
    python = VENV / "bin/python3"
    final = root / VENV.relative_to("/")
    if final.exists():
        return python
    library = next((root / _SITE).glob("python3.*"))
    with stage("virtual environment"), scratch_dir(root, ".venv") as scratch:
        made = scratch / "venv"
        site = made / "lib" / library.name / "site-packages"
        shutil.copytree(
            library / "site-packages",
            site,
            symlinks=True,
            ignore=shutil.ignore_patterns(*_NOT_IN_VENV),
            copy_function=os.link,
        )
        program = (root / "opt/hpcpy/bin/python3").resolve().name
        (made / "bin").mkdir()
        (made / "bin/python3").symlink_to(f"/opt/hpcpy/bin/{program}")
        (made / "bin/python").symlink_to("python3")
        (made / "pyvenv.cfg").write_text(
            "home = /opt/hpcpy/bin\ninclude-system-site-packages = false\n"
        )
        made.rename(final)
    return python
