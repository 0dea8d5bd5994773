"""Where the files of an image lie under ``build/``, and when they are as a plan makes them."""

from __future__ import annotations

from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.images.cached import read_stamp
from hpcpy.images.graph import Image
from hpcpy.images.plan import Plan
from hpcpy.pins.debian import locked_debs
from hpcpy.pins.model import host_arch
from hpcpy_common.errors import UsageError

SQUASHFS_TOOLS = "squashfs-tools"
# The images whose interpreters are also one file each, and its name.
STANDALONE = {"hpcpy-core": "hpcpy-python", "hpcpy": "hpcpy-python-full"}
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
    return read_stamp(archive_path(image)).get("inputs") == plan.archive_key(image)


def sif_path(image: Image) -> Path:
    """Return where a user finds the SIF of an image."""
    return paths.BUILD / f"{image.file}.sif"


def definition_path(image: Image) -> Path:
    """Return the definition file of an image's SIF."""
    return paths.CONTAINERS / "apptainer" / f"{image.name}.def"


def is_current_sif(plan: Plan, image: Image) -> bool:
    """Return whether the SIF is there as it would be made now; host tools leave no trace in it."""
    if not (definition_path(image).exists() and is_current_archive(plan, image)):
        return False
    return made_of(image).items() <= read_stamp(sif_path(image)).items()


def made_of(image: Image) -> dict[str, str]:
    """Return what a SIF is made of, its archive beside it."""
    digest = str(read_stamp(archive_path(image)).get("digest"))
    # The version of the pinned one, which runs here.
    packer = next(deb.version for deb in locked_debs(host_arch()) if deb.name == SQUASHFS_TOOLS)
    return {
        "digest": digest,
        "definition": sha256(definition_path(image)),
        "squashfs": " ".join((packer, *SQUASHFS_OPTIONS)),
    }


def standalone_path(image: Image) -> Path:
    """Return where a user finds the interpreter of an image as one file."""
    if image.name not in STANDALONE:
        raise UsageError(
            f"{image.name} has no standalone file; {', '.join(STANDALONE)} have one",
            hint=f"hpcpy build standalone {next(iter(STANDALONE))}",
        )
    return paths.BUILD / f"{STANDALONE[image.name]}{image.suffix}"


def standalone_sbom(file: Path) -> Path:
    """Return where the SBOM of an interpreter as one file is."""
    return file.with_name(f"{file.name}.spdx.json")


def is_current_standalone(plan: Plan, image: Image) -> bool:
    """Return whether the file and its SBOM are there as `plan` would make them."""
    file = standalone_path(image)
    stamp, sbom = read_stamp(file), standalone_sbom(file)
    key = plan.part_key(plan.graph.of(image, "standalone"))
    return stamp.get("inputs") == key and sbom.is_file() and sha256(sbom) == stamp.get("sbom")


PLACES = {"oci": archive_path, "sif": sif_path, "standalone": standalone_path}
IS_CURRENT = {"oci": is_current_archive, "sif": is_current_sif, "standalone": is_current_standalone}
