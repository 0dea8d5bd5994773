"""``hpcpy build oci|sif|standalone [IMAGE]``: have an image as a file under ``build/``."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpcpy.build.current import (
    STANDALONE_OF,
    archive_path,
    is_current_archive,
    is_current_sif,
    is_current_standalone,
    sif_path,
    standalone_path,
)
from hpcpy.build.graph import Image, the_graph
from hpcpy.build.plan import Plan, make_plan
from hpcpy.core.checkout_lock import checkout_lock
from hpcpy.core.errors import UsageError
from hpcpy.core.parser import one_of
from hpcpy.core.stages import skipped
from hpcpy.engine.emulation import enter
from hpcpy.engine.setup import ensure
from hpcpy.pins.arch import ARCHITECTURES

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
    the_graph().image(name)
    plan = make_plan(arch)
    image = plan.graph.image(name)
    if plan.native:
        _require_portable(image)
    # Without the lock: whoever has it may build another image for an hour.
    if IS_CURRENT[kind](plan, image):
        path = PLACES[kind](image)
        skipped(path.name, "up to date")
        return path, plan, image
    # Half of the tool's files: only for a build.
    from hpcpy.build.oci import make_archive  # noqa: PLC0415
    from hpcpy.build.sif import make_sif  # noqa: PLC0415
    from hpcpy.build.standalone import make_standalone  # noqa: PLC0415

    make = {"oci": make_archive, "sif": make_sif, "standalone": make_standalone}[kind]
    if plan.native:
        # Apptainer is set up by this machine's capabilities, and in a namespace root has all.
        ensure("build", "apptainer")
        enter()
    with checkout_lock():
        # While this one waited, sources may have changed.
        plan = make_plan(arch)
        image = plan.graph.image(name)
        return make(plan, image), plan, image


def _require_portable(image: Image) -> None:
    if image.name not in _PORTABLE:
        raise UsageError(
            f"{image.name}: for another architecture only {', '.join(_PORTABLE)} are built",
            hint=f"hpcpy build sif {_PORTABLE[0]} --arch aarch64",
        )


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("kind", metavar="KIND", help=f"one of: {', '.join(PLACES)}")
    help_ = f"a name of containers/images.toml (default: hpcpy; standalone: {STANDALONE_OF})"
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
    default = STANDALONE_OF if options.kind == "standalone" else "hpcpy"
    path, _, _ = ensure_image(options.kind, options.image or default, options.arch)
    print(path)
    return 0
