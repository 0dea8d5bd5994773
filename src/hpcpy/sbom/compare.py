"""Compare an image with its pins: what only one of them has."""

from __future__ import annotations

from collections.abc import Iterator

from hpcpy.sbom.contents import Contents, normal
from hpcpy.sbom.pins import INSTALLED, LINKED, READ, Expected

# Package -> the source that brings it: CPython's installs pip with the interpreter.
BROUGHT = {"pip": "python"}


def differences(expected: Expected, there: Contents) -> Iterator[str]:
    """Yield a line for each difference between an image and its pins."""
    installed = [pin for pin in expected.pins if pin.use == INSTALLED]
    debian = {pin.name: pin.version for pin in installed if pin.kind == "debian"}
    yield from _compared("Debian package", debian, there.debian)
    for pin in expected.pins:
        unpacked = pin.kind == "debian" and pin.use not in (LINKED, READ)
        if unpacked and there.copyright_of(pin.name) is None:
            yield f"the licences of the Debian package {pin.name} are not in the image"
    python = {name: found.version for name, found in there.python.items()}
    packages = {normal(pin.name): pin.version for pin in installed if pin.kind == "wheel"}
    # A source counts as a Python package if the image has one of that name.
    for pin in expected.pins:
        if pin.kind == "source" and normal(pin.name) in python:
            packages[normal(pin.name)] = pin.version
    sources = {pin.name for pin in expected.pins if pin.kind == "source"}
    brought = {name for name, source in BROUGHT.items() if source in sources}
    known = {name: version for name, version in python.items() if name not in brought - {*packages}}
    yield from _compared("Python package", packages, known)


def _compared(kind: str, pinned: dict[str, str], there: dict[str, str]) -> Iterator[str]:
    for name in sorted(pinned.keys() | there.keys()):
        if name not in there:
            yield f"the {kind} {name} is pinned and not in the image"
        elif name not in pinned:
            yield f"the {kind} {name} is in the image and not pinned"
        elif pinned[name] not in ("", there[name]):
            yield f"the {kind} {name} is {there[name]} in the image and {pinned[name]} in its pin"
