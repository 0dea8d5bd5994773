"""Where a user finds an image, and whether it is what this checkout would make."""

from __future__ import annotations

from pathlib import Path

from hpcpy.build.graph import Image, Part
from hpcpy.build.plan import Plan
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import sha256
from hpcpy.pins.arch import host_arch
from hpcpy.pins.debian import locked_debs

SQUASHFS_TOOLS = "squashfs-tools"
# The image whose interpreter is also one file: its packages open no files of their own.
STANDALONE_OF = "hpcpy-core"
STANDALONE = "hpcpy-python"
# The interpreter is compressed like all else: uncompressed, core would start 40 ms sooner from
# memory, but 390 ms later from storage of 200 MB/s, and the SIF would be 70 MB larger.
# zstd 9 in place of 3 makes it 22 MB smaller, for 10 s of each build.
SQUASHFS_OPTIONS = (
    *("-noappend", "-no-progress", "-quiet", "-all-root", "-no-xattrs"),
    *("-comp", "zstd", "-Xcompression-level", "9"),
)


def archive_path(image: Image) -> Path:
    """Return where a user finds the OCI archive of an image."""
    return paths.BUILD / f"{image.file}.oci.tar"


def is_current_archive(plan: Plan, image: Image) -> bool:
    """Return whether the archive is there as `plan` would make it."""
    return read_stamp(archive_path(image)).get("inputs") == plan.image_key(image)


def sif_path(image: Image) -> Path:
    """Return where a user finds the SIF of an image."""
    return paths.BUILD / f"{image.file}.sif"


def definition_path(image: Image) -> Path:
    """Return the definition file of an image's SIF."""
    return paths.CONTAINERS / "apptainer" / f"{image.name}.def"


def is_current_sif(plan: Plan, image: Image) -> bool:
    """Return whether the SIF is there as it would be made now, its archive beside it.

    Versions of the host's tools do not count: they leave no trace in the bytes.
    """
    if not (definition_path(image).exists() and is_current_archive(plan, image)):
        return False
    return made_of(image).items() <= read_stamp(sif_path(image)).items()


def made_of(image: Image) -> dict[str, str]:
    """Return what a SIF is made of, its archive beside it."""
    digest = str(read_stamp(archive_path(image)).get("digest"))
    return {
        "digest": digest,
        "definition": sha256(definition_path(image)),
        "squashfs": " ".join((_mksquashfs_version(), *SQUASHFS_OPTIONS)),
    }


def standalone_path(image: Image) -> Path:
    """Return where a user finds the interpreter of an image as one file."""
    if image.name != STANDALONE_OF:
        raise UsageError(
            f"{image.name} has no standalone file", hint=f"hpcpy build standalone {STANDALONE_OF}"
        )
    return paths.BUILD / f"{STANDALONE}{image.suffix}"


def standalone_part(plan: Plan, image: Image) -> Part:
    """Return the part that is that file."""
    return plan.graph.of(image, "standalone")


def is_current_standalone(plan: Plan, image: Image) -> bool:
    """Return whether the file is there as `plan` would make it."""
    made = read_stamp(standalone_path(image)).get("inputs")
    return made == plan.part_key(standalone_part(plan, image))


def _mksquashfs_version() -> str:
    """Return the pinned version of the one that runs here."""
    return next(deb.version for deb in locked_debs(host_arch()) if deb.name == SQUASHFS_TOOLS)
