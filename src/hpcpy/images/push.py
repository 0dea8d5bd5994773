"""``hpcpy push REF``: an image to a registry, as OCI for all engines."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import StageError, stage
from hpcpy.engine.setup import ensure
from hpcpy.images.command import add_arch, ensure_image

_HOW = "such as make push REF=registry.example.org/me/hpcpy:1"
# The registry must be named: without a dot, a port or "localhost" the tools
# would take the first word for a user of Docker Hub.
_REFERENCE = re.compile(
    r"(?P<registry>(?:(?P<host>localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:]+\])(?::\d+)?"
    r"|[a-z0-9-]+:\d+))"
    r"/(?P<repository>[a-z0-9]+(?:(?:\.|_{1,2}|-+|/)[a-z0-9]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?",
    re.ASCII,
)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Reference:
    """Where an image goes."""

    registry: str
    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"

    @property
    def on_this_machine(self) -> bool:
        """Whether the registry is on the loopback, where nobody listens in."""
        return re.sub(r":\d+$", "", self.registry) in _LOOPBACK


def parse_reference(text: str) -> Reference:
    """Read ``[docker://]REGISTRY/REPOSITORY[:TAG]``; the tag is ``latest`` by default."""
    if not text:
        raise UsageError("no REF is given", hint=_HOW)
    if text.startswith("oras://"):
        raise UsageError(f"{text}: is for a SIF", hint=f"apptainer push build/hpcpy.sif {text}")
    match = _REFERENCE.fullmatch(text.removeprefix("docker://"))
    if not match:
        hint = "name the registry, in lower case: docker.io/me/hpcpy, localhost:5000/hpcpy:1"
        raise UsageError(f"REF {text!r} is not REGISTRY/NAME[:TAG]", hint=hint)
    return Reference(match["registry"], match["repository"], match["tag"] or "latest")


def push(archive: Path, reference: Reference) -> str:
    """Send an OCI archive to a registry; return its digest there."""
    skopeo = ensure("build")["skopeo"].path
    with stage(f"push to {reference}") as current, build_scratch("push") as folder:
        # Bytes as they are: a registry that wants another format of manifest
        # must say so, and not get an image of another digest.
        copy = ("copy", "--preserve-digests", "--retry-times=2")
        verify = f"--dest-tls-verify={'false' if reference.on_this_machine else 'true'}"
        words = (*copy, verify, f"--digestfile={folder / 'digest'}")
        try:
            current.run([skopeo, *words, f"oci-archive:{archive}", f"docker://{reference}"])
        except StageError as error:
            error.hint = f"where a login is missing: skopeo login {reference.registry}"
            raise
        digest = (folder / "digest").read_text().strip()
        current.note = f"{archive.stat().st_size / 1e6:.0f} MB"
    return digest


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "where to: REGISTRY/NAME[:TAG], such as registry.example.org/me/hpcpy:1"
    parser.add_argument("reference", nargs="?", metavar="REF", default="", help=help_)
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
