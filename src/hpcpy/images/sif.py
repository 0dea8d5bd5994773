"""The SIF for Apptainer, from the OCI archive, the same every time."""

# `apptainer build` dates its labels, its squashfs and its container: three steps, one by one.

from __future__ import annotations

import datetime
import json
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import disk_errors
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import Stage, stage
from hpcpy.engine.setup import Engine, ensure
from hpcpy.engine.sif_header import settle
from hpcpy.fetch.artifacts import fetch, take
from hpcpy.fetch.deb import unpack
from hpcpy.images.cached import write_stamp
from hpcpy.images.graph import Image
from hpcpy.images.oci import make_archive
from hpcpy.images.outputs import (
    SQUASHFS_OPTIONS,
    SQUASHFS_TOOLS,
    archive_path,
    definition_path,
    is_current_archive,
    made_of,
    sif_path,
)
from hpcpy.images.plan import Plan
from hpcpy.pins.debian import debs
from hpcpy.pins.model import ARCHITECTURES, host_arch
from hpcpy_common.errors import UsageError

# SIF's own numbers: kinds of data, file systems.
_DEFINITION, _LABELS, _PARTITION = "1", "3", "4"
_SQUASHFS, _PRIMARY_SYSTEM = "1", "2"
_DATE_LABEL = "org.label-schema.build-date"
_OF_APPTAINER = (
    "org.label-schema.usage.apptainer.version",
    "org.opencontainers.image.base.name",
    "org.opencontainers.image.base.digest",
)
# Sets of env/debian.toml -> what is taken of them.
_OF_MKSQUASHFS = {
    "base": ("libc6", "liblzma5", "libzstd1", "zlib1g"),
    "builder": (SQUASHFS_TOOLS, "liblz4-1", "liblzo2-2"),
}


def make_sif(plan: Plan, image: Image) -> Path:
    """Have ``build/<image>.sif``, made from the image's OCI archive."""
    target = sif_path(image)
    definition = definition_path(image)
    if not definition.exists():
        raise UsageError(f"{image.name} has no {definition.relative_to(paths.ROOT)}")
    # Before a build that may take minutes.
    engine = ensure("apptainer")
    if not is_current_archive(plan, image):
        make_archive(plan, image)
    inputs = made_of(image)
    with (
        stage(f"SIF of {image.name}") as current,
        build_scratch("sif") as folder,
        disk_errors(target),
    ):
        _assemble(current, engine, plan, image, folder)
        (folder / "image.sif").replace(target)
        current.note = f"{target.stat().st_size / 1e6:.0f} MB"
    write_stamp(target, **inputs, apptainer=str(engine["apptainer"].version))
    return target


def _assemble(current: Stage, engine: Engine, plan: Plan, image: Image, folder: Path) -> None:
    root, packed, sif = folder / "root", folder / "root.sqfs", folder / "image.sif"
    apptainer, definition = engine["apptainer"].path, _definition(image, folder)
    env = {
        "APPTAINER_CACHEDIR": str(folder / "cache"),
        "APPTAINER_TMPDIR": str(folder),
        "SOURCE_DATE_EPOCH": str(plan.time_of(image)),
    }
    # In the archive's folder: the definition becomes a part of the image, and
    # a path of this machine in it would be one too.
    current.run(
        # Not its test: as root, that asks for capabilities that a root in a
        # container lacks.  `make test` runs it, on the finished SIF.
        [apptainer, "build", "--notest", "--sandbox", root, definition],
        env=env,
        cwd=archive_path(image).parent,
    )
    labels = root / ".singularity.d/labels.json"
    _settle_labels(labels, plan.epoch)
    # Apptainer makes it by the umask: with 002 the SIF had other bytes.
    root.chmod(0o755)
    current.run([*_mksquashfs(folder / "tools"), root, packed, *SQUASHFS_OPTIONS], env=env)
    current.run([apptainer, "sif", "new", sif], env=env)
    system = ["--parttype", _PRIMARY_SYSTEM, "--partfs", _SQUASHFS]
    system += ["--partarch", ARCHITECTURES[plan.arch].sif]
    for kind, more, path in (
        (_DEFINITION, [], definition),
        (_LABELS, [], labels),
        (_PARTITION, system, packed),
    ):
        words = ["--datatype", kind, *more, "--groupid", "1"]
        current.run([apptainer, "sif", "add", *words, sif, path], env=env)
    settle(sif, plan.archive_key(image), plan.epoch)
    sif.chmod(0o755)  # a SIF is a program: ./hpcpy.sif runs it


def _definition(image: Image, folder: Path) -> Path:
    """Return the definition of an image, which names the archive that lies beside the SIF."""
    definition = definition_path(image)
    if not image.suffix:
        return definition
    own = folder / definition.name
    text = definition.read_text()
    own.write_text(text.replace(f"{image.name}.oci.tar", archive_path(image).name))
    return own


def _settle_labels(path: Path, epoch: int) -> None:
    labels = json.loads(path.read_text())
    labels[_DATE_LABEL] = datetime.datetime.fromtimestamp(epoch, datetime.UTC).isoformat()
    # By their sources, Apptainer 1.4.0 to 1.5.3 write nothing else differently for our images.
    for name in _OF_APPTAINER:
        labels.pop(name, None)
    path.write_text(json.dumps(labels, sort_keys=True, indent=1), encoding="utf-8")


def _mksquashfs(folder: Path) -> list[str | Path]:
    """Unpack the pinned mksquashfs into a folder; return the words that start it."""
    # Another version packs the same files into other bytes.
    arch = host_arch()
    for name, wanted in _OF_MKSQUASHFS.items():
        pinned = (deb for deb in debs(name, arch) if deb.name in wanted)
        for deb in fetch(pinned).values():
            unpack(take(deb, folder / deb.name), folder)
    where = ARCHITECTURES[arch]
    loader = folder / where.loader
    return [loader, "--library-path", folder / where.libraries, folder / "usr/bin/mksquashfs"]
