"""Images to which packages are added: baked into ours, installed in the other."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hpcpy.adopt.baked import pack
from hpcpy.build.stamps import read_stamp, write_stamp
from hpcpy.core import paths
from hpcpy.core.files import GIB, require_free, scratch_dir, whole_file
from hpcpy.core.stages import Stage, skipped, stage
from hpcpy.fetch.many import fetch
from hpcpy.pins.model import this_arch
from hpcpy.pins.wheels import wheels
from measure.roots import VENV, Base
from measure.targets import WORK, Target, container, image_variables, unpacked

__all__ = ["BAKE", "PIP", "WHEELS", "Base", "added", "eight", "target", "with_packages"]

# The folder of the wheels that are added, and the modules that add them, with options.
WHEELS = "wheels"
PIP = (
    *("pip", "install", "--no-index", f"--find-links={WORK}/{WHEELS}", "--root-user-action=ignore"),
    "--break-system-packages",
)
BAKE = ("hpcpy_bake", f"--wheelhouse={WORK}/{WHEELS}")
_WAYS = {"hpcpy": BAKE, "wheels": PIP}


def eight(folder: Path) -> list[str]:
    """Copy the wheels of the NIH's libraries into a folder; return the names to install."""
    text = (paths.ENV / "python-bake.in").read_text(encoding="utf-8")
    asked = {line.split("#")[0].strip() for line in text.splitlines()} - {""}
    for path in fetch(wheels("bake", this_arch())).values():
        shutil.copyfile(path, folder / path.name)
    return sorted(asked)


def target(name: str, base: Base, root: Path, work: Path) -> Target:
    """Return the interpreter of a copy of an image's unpacked files, which may not be there yet."""
    variables = image_variables(container(base.name, base.sif, work))
    return unpacked(name, root, work, variables)


def with_packages(current: Stage, pristine: Path, copy: Target, words: Sequence[str]) -> float:
    """Make a copy of an image's unpacked files with packages; return the seconds this took.

    `words` are the module that adds them, with its arguments.
    """
    root = Path(copy.root)
    # Hard links do: packages are added as new files, and no file of the image is changed.
    current.run(["cp", "-al", pristine, root])
    # A virtual environment there has the packages from before.
    shutil.rmtree(root / VENV.relative_to("/"), ignore_errors=True)
    before = time.monotonic()
    current.run(copy.command(["-m", *words]))
    return time.monotonic() - before


def added(
    base: Base, title: str, gather: Callable[[Path, Path], Sequence[str]], apptainer: Path | None
) -> Base:
    """Return an image with packages; make it if it is not there yet."""
    pristine = base.root
    title = f"{base.name} with {title}"
    with tempfile.TemporaryDirectory(prefix="hpcpy-added.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        own = work / WHEELS
        own.mkdir()
        asked = gather(own, pristine)
        names = [base.digest, *asked, *sorted(path.name for path in own.iterdir())]
        key = hashlib.sha256("\n".join(names).encode()).hexdigest()
        root = pristine.with_name(key[:16])
        if root.exists():
            skipped(title, "up to date")
        else:
            require_free(root.parent, 2 * GIB, title)
            with stage(title) as current, scratch_dir(root.parent, "made") as scratch:
                made = scratch / "root"
                copy = target(base.name, base, made, work)
                with_packages(current, pristine, copy, [*_WAYS[base.name], *asked])
                made.rename(root)
    digest = f"sha256:{key}"
    return Base(base.name, _sif(root, digest, apptainer) if apptainer else base.sif, digest)


def _sif(root: Path, digest: str, apptainer: Path) -> Path:
    sif = root.with_name(f"{root.name}.sif")
    if read_stamp(sif):
        skipped(f"SIF of {root.name}", "up to date")
        return sif
    with (
        stage(f"SIF of {root.name}") as current,
        scratch_dir(root.parent, "sif") as scratch,
        whole_file(sif) as temporary,
    ):
        pack(current, apptainer, root, scratch).replace(temporary)
        current.note = f"{temporary.stat().st_size / 1e6:.0f} MB"
    write_stamp(sif, digest=digest)
    return sif
