"""``hpcpy push REF``: an image to a registry, as OCI for all engines."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import StageError, stage
from hpcpy.engine.setup import ensure
from hpcpy.images.command import add_arch, ensure_image

# The registry must be named: without a dot, a port or "localhost" the tools
# would take the first word for a user of Docker Hub.
_REFERENCE = re.compile(
    r"((localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|\[[0-9a-f:]+\])(:\d+)?|[a-z0-9-]+:\d+)"
    r"/[a-z0-9]+((\.|_{1,2}|-+|/)[a-z0-9]+)*"
    r"(:(?P<tag>\w[\w.-]{0,127}))?",
    re.ASCII,
)
# Where nobody listens in.
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def parse_reference(text: str) -> str:
    """Return ``REGISTRY/REPOSITORY:TAG`` of ``[docker://]REGISTRY/REPOSITORY[:TAG]``."""
    if text.startswith("oras://"):
        raise UsageError(f"{text}: is for a SIF", hint=f"apptainer push build/hpcpy.sif {text}")
    match = _REFERENCE.fullmatch(text.removeprefix("docker://"))
    if not match:
        hint = "name the registry, in lower case: docker.io/me/hpcpy, localhost:5000/hpcpy:1"
        raise UsageError(f"REF {text!r} is not REGISTRY/NAME[:TAG]", hint=hint)
    return match[0] if match["tag"] else f"{match[0]}:latest"


def is_on_loopback(registry: str) -> bool:
    """Tell whether a registry is on this machine."""
    return re.sub(r":\d+$", "", registry) in _LOOPBACK


def push(archive: Path, reference: str) -> str:
    """Send an OCI archive to a registry; return its digest there."""
    registry = reference.partition("/")[0]
    skopeo = ensure("build")["skopeo"].path
    with stage(f"push to {reference}") as current, build_scratch("push") as folder:
        # Bytes as they are: a registry that wants another format of manifest
        # must say so, and not get an image of another digest.
        copy = ("copy", "--preserve-digests", "--retry-times=2")
        verify = f"--dest-tls-verify={'false' if is_on_loopback(registry) else 'true'}"
        words = (*copy, verify, f"--digestfile={folder / 'digest'}")
        try:
            current.run([skopeo, *words, f"oci-archive:{archive}", f"docker://{reference}"])
        except StageError as error:
            error.hint = f"where a login is missing: skopeo login {registry}"
            raise
        digest = (folder / "digest").read_text().strip()
        current.note = f"{archive.stat().st_size / 1e6:.0f} MB"
    return digest


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "where to: REGISTRY/NAME[:TAG], such as registry.example.org/me/hpcpy:1"
    parser.add_argument("reference", metavar="REF", help=help_)
    help_ = "a name of containers/images.toml (default: hpcpy)"
    parser.add_argument("--image", metavar="IMAGE", default="hpcpy", help=help_)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Send an image's OCI archive, built first where it is missing."""
    # Before a build that may take minutes.
    reference = parse_reference(options.reference.strip())
    archive, _, _ = ensure_image("oci", options.image, options.arch)
    digest = push(archive, reference)
    print(f"{reference} is {digest}")
    print(f"  Shifter      shifterimg pull docker:{reference}")
    print(f"  podman-hpc   podman-hpc pull {reference}")
    print(f"  Apptainer    apptainer pull docker://{reference}")
    return 0
