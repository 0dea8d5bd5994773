"""``hpcpy build oci|sif|standalone [IMAGE]``: have an image as a file under ``build/``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from hpcpy.build.cached import read_stamp
from hpcpy.build.graph import Image, the_graph
from hpcpy.build.plan import Plan, make_plan
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import sha256
from hpcpy.core.parser import one_of
from hpcpy.core.programs import run
from hpcpy.core.scratch import checkout_lock, require_turns
from hpcpy.core.stages import skipped
from hpcpy.engine.emulation import emulated, is_inside
from hpcpy.engine.setup import ensure
from hpcpy.pins.debian import locked_debs
from hpcpy.pins.model import ARCHITECTURES, host_arch

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
    # Of the pinned one that runs here.
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


def is_current_standalone(plan: Plan, image: Image) -> bool:
    """Return whether the file is there as `plan` would make it."""
    made = read_stamp(standalone_path(image)).get("inputs")
    return made == plan.part_key(plan.graph.of(image, "standalone"))


PLACES = {"oci": archive_path, "sif": sif_path, "standalone": standalone_path}
IS_CURRENT = {
    "oci": is_current_archive,
    "sif": is_current_sif,
    "standalone": is_current_standalone,
}
# The others have what only x86-64 has so far.
_PORTABLE = ("hpcpy", "hpcpy-core", "plain")


def ensure_image(kind: str, name: str = "hpcpy", arch: str = "") -> tuple[Path, Plan, Image]:
    """Have one image as a file, building what is missing; `arch`: for another architecture.

    It waits for another make here only when there is something to build.
    """
    if kind not in PLACES:
        raise UsageError(f"no kind of image {kind!r}; one of: {', '.join(PLACES)}")
    # A wrong name is an error at once, even while another make runs.
    if not (PLACES[kind](the_graph().image(name)).exists() or arch):
        # With HPCPY_DEBIAN=newer a plan downloads packages: first, whether this may build.
        require_turns()
    plan = make_plan(arch)
    image = plan.graph.image(name)
    if plan.native and image.name not in _PORTABLE:
        raise UsageError(
            f"{image.name}: for another architecture only {', '.join(_PORTABLE)} are built",
            hint=f"hpcpy build sif {_PORTABLE[0]} --arch aarch64",
        )
    # Without the lock: whoever has it may build another image for an hour.
    if path := _up_to_date(kind, plan, image):
        return path, plan, image
    if plan.native and not is_inside():
        _build_emulated(kind, name, arch)
        return PLACES[kind](image), plan, image
    # Half of the tool's files: only for a build.
    from hpcpy.build.oci import make_archive  # noqa: PLC0415
    from hpcpy.build.sif import make_sif  # noqa: PLC0415
    from hpcpy.build.standalone import make_standalone  # noqa: PLC0415

    make = {"oci": make_archive, "sif": make_sif, "standalone": make_standalone}[kind]
    with checkout_lock():
        # While this one waited, sources may have changed.
        plan = make_plan(arch)
        image = plan.graph.image(name)
        return _up_to_date(kind, plan, image) or make(plan, image), plan, image


def _up_to_date(kind: str, plan: Plan, image: Image) -> Path | None:
    if not IS_CURRENT[kind](plan, image):
        return None
    path = PLACES[kind](image)
    skipped(path.name, "up to date")
    return path


def _build_emulated(kind: str, name: str, arch: str) -> None:
    # Apptainer is set up by this machine's capabilities, and in a namespace root has all.
    ensure("build", "apptainer")
    words = [sys.executable, "-m", "hpcpy", "build", kind, name, f"--arch={arch}"]
    env = {**os.environ, "PYTHONPATH": str(paths.ROOT / "src")}
    if code := run(emulated(words), env=env, stdout=subprocess.DEVNULL).returncode:
        sys.exit(code)  # it has said why


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("kind", metavar="KIND", help=f"one of: {', '.join(PLACES)}")
    help_ = "a name of containers/images.toml (default: hpcpy; standalone: hpcpy-core)"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="", help=help_)
    add_arch(parser)


def add_arch(parser: argparse.ArgumentParser, *others: str) -> None:
    """Add the name of an architecture, or of others, as an option."""
    known = (*ARCHITECTURES, *others)
    help_ = f"one of: {', '.join(known)} (default: this machine's)"
    parser.add_argument("--arch", type=one_of(known), default="", metavar="ARCH", help=help_)


def add_image(parser: argparse.ArgumentParser) -> None:
    """Add the name of an image as an argument."""
    help_ = "a name of containers/images.toml (default: hpcpy)"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="hpcpy", help=help_)


def main(options: argparse.Namespace) -> int:
    """Build what the arguments name."""
    default = "hpcpy-core" if options.kind == "standalone" else "hpcpy"
    path, _, _ = ensure_image(options.kind, options.image or default, options.arch)
    print(path)
    return 0
