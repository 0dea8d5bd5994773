"""``hpcpy fetch``; Debian packages: of the lock, what the mirror has instead, the newest."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import HpcpyError, UnavailableError
from hpcpy.fetch.apt import mirror_of
from hpcpy.fetch.artifacts import Tally, downloads_dir, fetch
from hpcpy.pins.debian import MODE, debian_request, debs, newer_allowed
from hpcpy.pins.model import GROUPS, Artifact, host_arch, sources, wheels


@dataclass(frozen=True)
class DebSet:
    """The packages of a set; with any `replaced`, an image is not reproducible and must say so."""

    # By package.
    paths: dict[str, Path]
    # "package old -> new"; empty unless HPCPY_DEBIAN=newer.
    replaced: tuple[str, ...]


def fetch_debs(
    name: str,
    arch: str,
    *,
    only: Collection[str] = (),
    tally: Tally | None = None,
) -> DebSet:
    """Fetch the locked packages of a set, without those of the first set."""
    go_on = newer_allowed()
    failures: dict[Artifact, HpcpyError] = {}
    asked = [deb for deb in debs(name, arch) if not only or deb.name in only]
    fetched = fetch(asked, tally=tally, failures=failures)
    for error in failures.values():
        if not isinstance(error, UnavailableError):
            raise error
    packages = {artifact.name: path for artifact, path in fetched.items()}
    if not failures:
        return DebSet(packages, ())
    newer = _newer(failures, arch)
    moves = tuple(f"{old.name} {old.version} -> {new.version}" for old, new in newer.items())
    if not go_on:
        raise UnavailableError(
            f"the mirror has moved past env/debian.lock: {', '.join(moves)}",
            hint=f"run `make lock`, or set {MODE}=newer for an image that is not reproducible",
        )
    is_in_image = not debian_request().sets[name].of_host
    for move in moves:
        what = ", the image is not reproducible" if is_in_image else ""
        print(f"{move}: not as locked{what}", file=sys.stderr)
    fetched = fetch(newer.values(), tally=tally)
    packages |= {artifact.name: path for artifact, path in fetched.items()}
    return DebSet(packages, moves)


def _newer(failures: dict[Artifact, HpcpyError], arch: str) -> dict[Artifact, Artifact]:
    """Return what the mirror now has in place of each package that could not be had."""
    first = next(iter(failures.values()))
    try:
        offers = mirror_of(debian_request(), arch).newest(artifact.name for artifact in failures)
    except UnavailableError:
        # There is no network at all: the first failure says it better.
        raise first from None
    newer = {}
    for artifact, error in failures.items():
        offer = offers.get(artifact.name)
        if offer is None:
            raise UnavailableError(
                f"{artifact.name} {artifact.version} has left the mirror, and nothing replaces it",
                hint="take it out of env/debian.toml and run `make lock`",
            )
        if offer.version == artifact.version:
            raise error
        newer[artifact] = offer
    return newer


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add no argument."""


def main(_options: argparse.Namespace) -> int:
    """Fetch what is pinned and print how much of it was there already."""
    arch, tally = host_arch(), Tally()
    every = [*sources().values(), *(wheel for group in GROUPS for wheel in wheels(group, arch))]
    fetch(every, tally=tally)
    for name in debian_request().sets_of(arch):
        fetch_debs(name, arch, tally=tally)
    print(f"{downloads_dir()}: {tally}")
    return 0
