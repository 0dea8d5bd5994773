"""Images to which a program's packages are added: baked into ours, installed in the other."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.adopt.baked import pack
from hpcpy.build.stamps import read_stamp, write_stamp
from hpcpy.files import GIB, require_free, scratch_dir, whole_file
from hpcpy.measure import roots
from hpcpy.measure.baked import BAKE, PIP, WHEELS, eight
from hpcpy.measure.targets import container, image_variables, unpacked
from hpcpy.stages import skipped, stage
from hpcpy.storm.programs import LIBRARIES, PYNAMIC_IN_IMAGE
from hpcpy.storm.pynamic import made as pynamic
from hpcpy.storm.pynamic import wheel

_WAYS = {"hpcpy": BAKE, "wheels": PIP}
# Of a program, what puts its wheels into a folder and returns what is asked of them; by
# an unpacked image, for what is compiled, and LLNL's Pynamic, where it was named.
PACKAGES: dict[str, Callable[[Path, Path, Path | None], list[str]]] = {
    LIBRARIES: lambda folder, *_: eight(folder),
    PYNAMIC_IN_IMAGE: lambda folder, root, checkout: [
        wheel.write(pynamic.made(root, checkout=checkout), folder)
    ],
}


@dataclass(frozen=True)
class Base:
    """An image to which packages are added.

    Attributes
    ----------
    name
        The image.
    sif, digest
        Its file, and what names its content.
    """

    name: str
    sif: Path
    digest: str


def added(
    base: Base, programs: Sequence[str], apptainer: Path | None, checkout: Path | None = None
) -> Base:
    """Have an image with the packages of some programs.

    Parameters
    ----------
    base
        The image without them.
    programs
        Names of `PACKAGES`.
    apptainer
        The program that makes a SIF; without it there are unpacked files alone.
    checkout
        LLNL's Pynamic, for the program of that name.

    Returns
    -------
    Base
        The image with them.  Its unpacked files lie where `roots.unpacked_root` looks
        for them.
    """
    pristine = roots.unpacked_root(base.name, base.sif, base.digest)
    title = f"{base.name} with {' and '.join(programs)}"
    with tempfile.TemporaryDirectory(prefix="hpcpy-storm.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        wheels = work / WHEELS
        wheels.mkdir()
        asked = [
            one for program in programs for one in PACKAGES[program](wheels, pristine, checkout)
        ]
        names = [base.digest, *asked, *sorted(path.name for path in wheels.iterdir())]
        key = hashlib.sha256("\n".join(names).encode()).hexdigest()
        root = pristine.with_name(key[:16])
        if root.exists():
            skipped(title, "up to date")
        else:
            require_free(root.parent, 2 * GIB, title)
            with stage(title) as current, scratch_dir(root.parent, "made") as scratch:
                made = scratch / "root"
                # Nothing of the image is written to: what is added are new files.
                current.run(["cp", "-al", pristine, made])
                # An environment there is one of the packages before.
                shutil.rmtree(made / roots.VENV.relative_to("/"), ignore_errors=True)
                variables = image_variables(container(base.name, base.sif, work))
                python = unpacked(base.name, made, work, variables)
                current.run(python.command(["-m", *_WAYS[base.name], *asked]))
                made.rename(root)
    digest = f"sha256:{key}"
    return Base(base.name, _sif(root, digest, apptainer) if apptainer else base.sif, digest)


def _sif(root: Path, digest: str, apptainer: Path) -> Path:
    target = root.with_name(f"{root.name}.sif")
    if read_stamp(target):
        skipped(f"SIF of {root.name}", "up to date")
        return target
    with (
        stage(f"SIF of {root.name}") as current,
        scratch_dir(root.parent, "sif") as scratch,
        whole_file(target) as temporary,
    ):
        pack(current, apptainer, root, scratch).replace(temporary)
        current.note = f"{temporary.stat().st_size / 1e6:.0f} MB"
    write_stamp(target, digest=digest)
    return target
