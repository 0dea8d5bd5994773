"""Images: their files, unpacked on the host's own disk, with a virtual environment there."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import GIB, disk_errors, require_free, scratch_dir, sha256, whole_file
from hpcpy.core.stages import skipped, stage
from hpcpy.engine.setup import ensure
from hpcpy.engine.sif_header import system
from hpcpy.images.cached import read_stamp
from hpcpy.images.command import ensure_image
from hpcpy.pack.environment import Environment
from hpcpy.pack.image import write
from hpcpy_common.errors import UsageError

_FOLDER = paths.BUILD / "startup"
# Where the environment lies in the unpacked image.
VENV = Path("/venv")
# Where a storm's program sees a tree of files, and where the packed environment lies in the
# unpacked image.
PLACE = Path("/opt")
PACKED = Path("/packed")
# Where the same environment lies there as an archive.
ARCHIVE = Path("/venv.tar.zst")
_SITE = "opt/hpcpy/lib"
# The image's own start-up; an environment on a host has none.
_NOT_IN_VENV = ("sitecustomize.py", "sitecustomize.cpython-*.pyc")


@dataclass(frozen=True)
class Base:
    """An image: its name, its SIF, and what names its content."""

    name: str
    sif: Path
    digest: str

    @property
    def root(self) -> Path:
        """Its files in ``build/startup``, unpacked if they are not there; other builds' go."""
        parent = _FOLDER / self.name
        root = parent / self.digest.removeprefix("sha256:")[:16]
        if root.exists():
            skipped(f"unpacked {self.name}", "up to date")
            return root
        with stage(f"unpack {self.name}") as current, disk_errors(parent):
            shutil.rmtree(parent, ignore_errors=True)
            require_free(_FOLDER, 3 * GIB // 2, f"unpacking {self.name}")
            with scratch_dir(parent, "made") as scratch:
                unsquashfs = ensure("apptainer")["mksquashfs"].path.with_name("unsquashfs")
                made = scratch / "root"
                words = ["-no-progress", "-offset", str(system(self.sif)[0]), "-dest", str(made)]
                current.run([unsquashfs, *words, self.sif])
                made.rename(root)
        return root


def images(names: Sequence[str], given: Sequence[str] = ()) -> list[Base]:
    """Return images by their names: built here, or the files that ``NAME=FILE`` gives."""
    files = dict(text.partition("=")[::2] for text in given)
    for name, file in files.items():
        if name not in names:
            raise UsageError(f"--sif {name}=…: there are {', '.join(names)}")
        if not Path(file).is_file():
            raise UsageError(f"--sif {name}={file}: no such file")
    bases = []
    for name in names:
        sif = Path(files[name]).absolute() if name in files else ensure_image("sif", name)[0]
        digest = str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")
        bases.append(Base(name, sif, digest))
    return bases


def add_venv(root: Path) -> Path:
    """Have a virtual environment in an unpacked image; return its interpreter, as seen there.

    The interpreter is a link and its packages are the same files under another name, as
    ``uv venv`` and ``uv pip install`` make them.
    """
    python = VENV / "bin/python3"
    final = root / VENV.relative_to("/")
    if final.exists():
        return python
    library = next((root / _SITE).glob("python3.*"))
    with stage("virtual environment"), scratch_dir(root, ".venv") as scratch:
        made = scratch / "venv"
        shutil.copytree(
            library / "site-packages",
            made / "lib" / library.name / "site-packages",
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


def add_file(root: Path) -> str:
    """Have the one file with the whole stack in an unpacked image; return its path there."""
    file = root / "hpcpy-python"
    shutil.copy2(ensure_image("standalone", "hpcpy")[0], file)
    return f"/{file.name}"


def add_packed(root: Path) -> None:
    """Have the virtual environment in an unpacked image as `hpcpy pack` writes it, for `PLACE`.

    Its Python and its MPI are in the same file, its C library and /etc are the unpacked image's.
    """
    final = root / PACKED.relative_to("/")
    if final.exists():
        return
    packed = PLACE / VENV.name
    folders = {PLACE / name: root / "opt" / name for name in ("hpcpy", "mpich")}
    source = folders[packed] = root / VENV.relative_to("/")
    with stage("pack the virtual environment") as current, scratch_dir(root, ".packed") as scratch:
        made = scratch / "packed"
        for place in folders:
            (made / place.name).mkdir(parents=True)
        write(made / packed.name, Environment(packed, source, folders), current)
        config = made / packed.name / ".pack/config"
        own = "".join(f"{root}/{name}=/{name}:" for name in ("usr", "etc", "lib", "lib64"))
        config.write_text(re.sub(r"(?m)^(HPCPY_PACK_BINDS=.*)$", rf"\1:{own}", config.read_text()))
        made.rename(final)


def add_archive(root: Path, without: Sequence[str]) -> None:
    """Have the virtual environment in an unpacked image as an archive, to unpack at `PLACE`.

    Its Python and its MPI are in it, as conda-pack has them.
    """
    final = root / ARCHIVE.relative_to("/")
    if final.exists():
        return
    left_out = [f"--exclude=venv/lib/python3*/site-packages/{name}" for name in without]
    left_out.append("--exclude=hpcpy/lib/python3*/site-packages/*")
    trees = [f"--directory={root / 'opt'}", "hpcpy", "mpich", f"--directory={root}", VENV.name]
    with stage("archive of the virtual environment") as current, whole_file(final) as temporary:
        current.run(["tar", "--create", "--zstd", f"--file={temporary}", *left_out, *trees])
