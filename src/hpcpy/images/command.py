"""``hpcpy build oci|sif|standalone [IMAGE]``: have an image as a file under ``build/``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.parser import one_of
from hpcpy.core.programs import run
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import skipped
from hpcpy.engine.emulation import emulated, is_inside
from hpcpy.engine.setup import ensure
from hpcpy.images.graph import Image, the_graph
from hpcpy.images.outputs import IS_CURRENT, PLACES
from hpcpy.images.plan import Plan, make_plan
from hpcpy.pins.model import ARCHITECTURES
from hpcpy_common.errors import UnavailableError, UsageError

# The others have what only x86-64 has so far.
_PORTABLE = ("hpcpy", "hpcpy-core", "plain")


def ensure_image(kind: str, name: str = "hpcpy", arch: str = "") -> tuple[Path, Plan, Image]:
    """Have one image as a file, building what is missing; `arch`: for another architecture."""
    if kind not in PLACES:
        raise UsageError(f"no kind of image {kind!r}; one of: {', '.join(PLACES)}")
    the_graph().image(name)  # a wrong name is an error before a plan downloads anything
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
    from hpcpy.images.oci import make_archive  # noqa: PLC0415
    from hpcpy.images.sif import make_sif  # noqa: PLC0415
    from hpcpy.images.standalone import make_standalone  # noqa: PLC0415

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
    words = [sys.executable, "-I", f"{paths.ROOT}/hpcpy", "build", kind, name, f"--arch={arch}"]
    code = run(emulated(words), stdout=subprocess.DEVNULL).returncode
    if code == UnavailableError.exit_code:
        raise UnavailableError(f"{name} is not built for {arch}", hint="the lines above say why")
    if code:
        sys.exit(code)  # it has said why


def add_arch(parser: argparse.ArgumentParser, default: str = "this machine's") -> None:
    """Add the name of an architecture as an option."""
    help_ = f"one of: {', '.join(ARCHITECTURES)} (default: {default})"
    known = one_of(ARCHITECTURES)
    parser.add_argument("--arch", type=known, default="", metavar="ARCH", help=help_)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("kind", metavar="KIND", help=f"one of: {', '.join(PLACES)}")
    help_ = "a name of containers/images.toml (default: hpcpy; standalone: hpcpy-core)"
    parser.add_argument("image", nargs="?", metavar="IMAGE", default="", help=help_)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Build what the arguments name."""
    default = "hpcpy-core" if options.kind == "standalone" else "hpcpy"
    path, _, _ = ensure_image(options.kind, options.image or default, options.arch)
    print(path)
    return 0
