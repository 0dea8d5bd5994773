"""``hpcpy push REF``: an image to a registry, as OCI for all engines or as SIF for Apptainer."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import Stage, StageError, stage
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
    """Where an image goes: registry, repository, tag; by ``oras`` it is a SIF."""

    registry: str
    repository: str
    tag: str
    scheme: str = "docker"

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"

    @property
    def on_this_machine(self) -> bool:
        """Whether the registry is on the loopback, where nobody listens in."""
        return re.sub(r":\d+$", "", self.registry) in _LOOPBACK


def parse_reference(text: str) -> Reference:
    """Read ``[docker://|oras://]REGISTRY/REPOSITORY[:TAG]``; the tag is ``latest`` by default."""
    if not text:
        raise UsageError("no REF is given", hint=_HOW)
    scheme = "oras" if text.startswith("oras://") else "docker"
    match = _REFERENCE.fullmatch(text.removeprefix(f"{scheme}://"))
    if not match:
        hint = "name the registry, in lower case: docker.io/me/hpcpy, localhost:5000/hpcpy:1"
        raise UsageError(f"REF {text!r} is not REGISTRY/NAME[:TAG]", hint=hint)
    return Reference(match["registry"], match["repository"], match["tag"] or "latest", scheme)


def push(archive: Path, reference: Reference) -> str:
    """Send an OCI archive to a registry; return its digest there."""
    skopeo = ensure("build")["skopeo"].path
    with stage(f"push to {reference}") as current, build_scratch("push") as folder:
        # Bytes as they are: a registry that wants another format of manifest
        # must say so, and not get an image of another digest.
        copy = ("copy", "--preserve-digests", "--retry-times=2")
        verify = f"--dest-tls-verify={'false' if reference.on_this_machine else 'true'}"
        words = (*copy, verify, f"--digestfile={folder / 'digest'}")
        login = f"skopeo login {reference.registry}"
        _send(current, [skopeo, *words, f"oci-archive:{archive}", f"docker://{reference}"], login)
        digest = (folder / "digest").read_text().strip()
        current.note = f"{archive.stat().st_size / 1e6:.0f} MB"
    return digest


def push_sif(sif: Path, reference: Reference) -> None:
    """Send a SIF to a registry, by Apptainer."""
    command: list[str | Path] = [ensure("apptainer")["apptainer"].path, "push"]
    command += ["--no-https"] if reference.on_this_machine else []
    with stage(f"push the SIF to {reference}") as current:
        login = f"apptainer registry login --username NAME oras://{reference.registry}"
        _send(current, [*command, sif, f"oras://{reference}"], login)
        current.note = f"{sif.stat().st_size / 1e6:.0f} MB"


def _send(current: Stage, command: Sequence[str | Path], login: str) -> None:
    """Run the program that sends an image; what it complains of is printed with its log."""
    try:
        current.run(command)
    except StageError as error:
        error.hint = f"where a login is missing: {login}"
        raise


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "where to: REGISTRY/NAME[:TAG], such as registry.example.org/me/hpcpy:1;"
    help_ += " oras://REGISTRY/NAME[:TAG] for the SIF"
    parser.add_argument("reference", nargs="?", metavar="REF", default="", help=help_)
    help_ = "a name of containers/images.toml (default: hpcpy)"
    parser.add_argument("--image", metavar="IMAGE", default="hpcpy", help=help_)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Send an image's OCI archive or, by ``oras://``, its SIF, built first where it is missing."""
    # Before a build that may take minutes.
    reference = parse_reference(options.reference.strip())
    if reference.scheme == "oras":
        sif, _, _ = ensure_image("sif", options.image, options.arch)
        push_sif(sif, reference)
        print(f"  Apptainer    apptainer pull oras://{reference}")
        return 0
    archive, _, _ = ensure_image("oci", options.image, options.arch)
    digest = push(archive, reference)
    print(f"{reference} is {digest}")
    print(f"  Shifter      shifterimg pull docker:{reference}")
    print(f"  podman-hpc   podman-hpc pull {reference}")
    print(f"  Apptainer    apptainer pull docker://{reference}")
    return 0
