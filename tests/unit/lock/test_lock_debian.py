"""The licences of Debian packages, and the sets of a lock that name them."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from small_deb import make_deb

from hpcpy.lock import command
from hpcpy.lock.python import of_debs
from hpcpy.pins.debian import DebianRequest
from hpcpy.pins.model import Artifact, Source

MACHINE_READABLE = """Format: copyright-format
Files: *
License: GPL-2+

Files: lib/*
License: LGPL-2.1+ or MIT

License: GPL-2+
 Some text, with the word License: in it.
"""


def documented(root: Path, *, linked_to: str = "", text: str = "") -> Path:
    doc = root / "usr/share/doc" / root.name
    doc.parent.mkdir(parents=True)
    if linked_to:
        doc.symlink_to(linked_to)
    else:
        doc.mkdir()
        (doc / "copyright").write_text(text)
    return make_deb(root)


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb on this machine")
def test_licence_of_a_package_without_documentation_is_that_of_the_linked_one(
    tmp_path: Path,
) -> None:
    packages = {
        "thing-dev": documented(tmp_path / "thing-dev", linked_to="thing"),
        "thing": documented(tmp_path / "thing", text=MACHINE_READABLE),
        "round": documented(tmp_path / "round", linked_to="trip"),
        "trip": documented(tmp_path / "trip", linked_to="round"),
        "lost": documented(tmp_path / "lost", linked_to="elsewhere"),
        "free": documented(tmp_path / "free", text="See /usr/share/common-licenses/GPL-3, and /."),
    }
    assert of_debs(packages) == {
        "thing-dev": "GPL-2+, LGPL-2.1+ or MIT",
        "thing": "GPL-2+, LGPL-2.1+ or MIT",
        "round": "see copyright",
        "trip": "see copyright",
        "lost": "see copyright",
        "free": "GPL-3",
    }


class Index:
    """An index of packages of version 1, each of which needs `base`."""

    def closure(self, packages: Iterable[str]) -> list[Artifact]:
        return [offer(name) for name in {"base", *packages}]

    def exactly(self, packages: Iterable[str]) -> list[Artifact]:
        return [offer(name) for name in packages]


def offer(name: str) -> Artifact:
    source = Source(f"apt-mirror:debian/pool/{name}.deb", 1, "0" * 64)
    return Artifact(name, "1", f"{name}.deb", "", (source,))


def test_sets_list_what_they_have_over_the_first_and_lone_ones_all() -> None:
    sets = {"first": ("base",), "second": ("base", "thing"), "lone": ("base", "thing")}
    request = DebianRequest((), "", ("x86_64",), sets, frozenset({"lone"}))
    found = command._offers(Index(), request, "x86_64")  # type: ignore[arg-type]
    assert {offer.name: names for offer, names in found.items()} == {
        "base": ["first", "lone"],
        "thing": ["second", "lone"],
    }


def test_sets_have_the_names_of_their_architecture() -> None:
    sets: dict[str, tuple[str, ...]] = {"first": ("binutils-{gnu}",), "cross": ("gcc",)}
    request = DebianRequest((), "", (), sets, frozenset(), {"cross": ("x86_64",)})
    assert request.sets_of("x86_64") == {"first": ("binutils-x86-64-linux-gnu",), "cross": ("gcc",)}
    assert request.sets_of("aarch64") == {"first": ("binutils-aarch64-linux-gnu",)}
