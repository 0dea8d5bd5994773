"""A root filesystem from locked Debian packages, without a mirror."""

from __future__ import annotations

import shlex
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from hpcpy.core.files import place, scratch_dir, sha256
from hpcpy.core.programs import printed
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.fetch.artifacts import take
from hpcpy.fetch.debian import fetch_debs
from hpcpy.images.cached import cached
from hpcpy.pins.model import ARCHITECTURES
from hpcpy_common.errors import IntegrityError

if TYPE_CHECKING:
    from hpcpy.images.graph import Image
    from hpcpy.images.plan import Plan

# What no run reads; copyright notices stay, their licences ask for it.
_UNUSED = ("doc", "man", "info", "locale", "lintian", "bash-completion")
UNUSED = tuple(f"/usr/share/{name}/*" for name in _UNUSED)
KEPT = ("/usr/share/doc/*/copyright",)
OPTIONS = (
    "--variant=custom",
    "--format=tar",
    *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNUSED),
    *(f"--dpkgopt=path-include={pattern}" for pattern in KEPT),
)
# What names a root filesystem besides its packages.  This file's bytes do not: a change of
# its words would build every part anew.
RECIPE = (*OPTIONS, "without devices")


def write_index(folder: Path, packages: Sequence[Path]) -> list[str]:
    """Make `folder` a flat apt repository of `packages`."""
    stanzas = []
    names = []
    for download in sorted(packages):
        package = take(download, folder / download.name)
        control = printed(["dpkg-deb", "--field", package], package, error=IntegrityError).strip()
        stanzas.append(
            f"{control}\nFilename: ./{package.name}\n"
            f"Size: {package.stat().st_size}\nSHA256: {sha256(package)}\n"
        )
        names.append(control.partition("Package: ")[2].partition("\n")[0])
    index = folder / "Packages"
    index.write_text("\n".join(stanzas))
    index.chmod(0o644)
    return sorted(names)


def source_line(folder: Path) -> str:
    """Return the line of apt's sources for the packages of a folder."""
    # trusted: the hashes of env/debian.lock have been checked.
    return f"deb [trusted=yes] copy:{quote(str(folder))} ./"


def rootfs(plan: Plan, image: Image) -> Path:
    """Return the root filesystem of an image as a tar file, from the cache."""

    def make(out: Path) -> None:
        packages = list(fetch_debs(image.debian, plan.arch).values())
        with (
            stage(f"root filesystem of {image.file}") as current,
            # An ordinary user's mmdebstrap reads it as another one, as apt does.
            scratch_dir(Path(tempfile.gettempdir()), "hpcpy-rootfs") as folder,
        ):
            names = write_index(folder, packages)
            # With umask 077 others cannot read the checkout's.
            script = place(image.folder / "customize.sh", folder / "customize.sh", 0o644)
            arch = f"--architectures={ARCHITECTURES[plan.arch].debian}"
            current.run(
                [
                    ensure("build")["mmdebstrap"].path,
                    *((arch, "--skip=check/qemu") if plan.native else ()),
                    *OPTIONS,
                    f"--include={','.join(names)}",
                    # mmdebstrap's shell has the root as its first argument.
                    f'--customize-hook=sh {shlex.quote(str(script))} "$1"',
                    # The suite's name only fills a default that is not used.
                    "stable",
                    folder / "root.tar",
                    source_line(folder),
                ],
                env={"SOURCE_DATE_EPOCH": str(plan.epoch), "TMPDIR": tempfile.gettempdir()},
            )
            without_devices(folder / "root.tar", out)
            current.note = f"{len(packages)} packages, {out.stat().st_size / 1e6:.0f} MB"

    return cached("rootfs", f"{image.name}-{plan.rootfs_key(image)}.tar", make)


def without_devices(made: Path, out: Path) -> None:
    """Copy a tar file without its device nodes, which an ordinary user's build cannot make."""
    with tarfile.open(made) as source, tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as target:
        for entry in source:
            if not entry.isdev():
                target.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
