"""Architectures: which there are, and which this machine has.

What is built has an architecture of its own, `hpcpy.build.plan.Plan.arch`.  Only programs
that run on this machine ask for `host_arch`.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

from hpcpy.core.errors import UsageError


@dataclass(frozen=True)
class Architecture:
    """What others call an architecture, and where Debian's packages have its files."""

    debian: str
    # Below the root: its library folder, and the loader.
    libraries: str
    loader: str
    # The number of SIF's headers.
    sif: str

    @property
    def gnu(self) -> str:
        """The GNU name in Debian's names of packages, which have no underscore."""
        return self.libraries.rsplit("/", 1)[-1].replace("_", "-")


# By the kernel's name, which pins and keys have too.
ARCHITECTURES = {
    "x86_64": Architecture(
        debian="amd64",
        libraries="usr/lib/x86_64-linux-gnu",
        loader="usr/lib64/ld-linux-x86-64.so.2",
        sif="2",
    ),
    "aarch64": Architecture(
        debian="arm64",
        libraries="usr/lib/aarch64-linux-gnu",
        loader="usr/lib/ld-linux-aarch64.so.1",
        sif="4",
    ),
}


def host_arch() -> str:
    """Return this machine's architecture as the pins name it."""
    return known_arch(platform.machine())


def known_arch(arch: str) -> str:
    """Return `arch` if something can be pinned for it."""
    if arch not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UsageError(f"architecture {arch!r} is not one that pins exist for: {known}")
    return arch
