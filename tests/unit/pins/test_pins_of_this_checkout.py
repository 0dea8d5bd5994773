"""The pins of env/ themselves: complete, and in agreement with what asks for them."""

import itertools
import re

from hpcpy.core import paths
from hpcpy.engine.venv import TITLES
from hpcpy.images.graph import the_graph
from hpcpy.lock import python
from hpcpy.pins.debian import debian_request, debs
from hpcpy.pins.model import GROUPS, sources, wheels

# A choice between a permissive licence and one of the GPL is none of the GPL.
CHOICE = re.compile(r"\(BSD-\d-Clause OR GPL-[\w.-]+\)")


def asked_for(name: str) -> set[str]:
    """Return the packages that a requirements file names."""
    lines = (paths.ENV / name).read_text().splitlines()
    return {
        re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0] for line in lines if line[:1] not in ("", "#")
    }


def test_python_lock_has_what_is_asked_for() -> None:
    for arch in debian_request().architectures:
        for group, file in GROUPS.items():
            assert asked_for(file) <= {wheel.name for wheel in wheels(group, arch)}


def test_wheels_are_for_the_pinned_interpreter() -> None:
    python = "".join(sources()["python"].version.split(".")[:2])
    architectures = debian_request().architectures
    for group, arch in itertools.product(GROUPS, architectures):
        for wheel in wheels(group, arch):
            assert not any(other in wheel.filename for other in architectures if other != arch)
            tag = wheel.filename.split("-")[-3]
            assert tag.startswith("py") or "abi3" in wheel.filename or tag == f"cp{python}"


def test_what_is_built_from_source_is_the_wheels_version() -> None:
    # The image `wheels` is what the other one is measured and tested against.
    graph = the_graph()
    for part in graph.parts.values():
        groups = (*part.wheels, *part.tools)
        versions = {one.name: one.version for group in groups for one in wheels(group, "x86_64")}
        for name in part.without:
            assert versions[name] == sources()[name].version


def test_host_locks_have_what_is_asked_for_with_hashes_and_no_index() -> None:
    for name in TITLES:
        text = (paths.ENV / f"{name}.lock").read_text()
        assert asked_for(f"{name}.in") <= set(python.versions_in(text))
        assert text.count("==") <= text.count("--hash=sha256:")
        assert "://" not in text
        assert "index" not in text


def test_debian_lock_has_what_is_asked_for() -> None:
    request = debian_request()
    for arch in request.architectures:
        for name in request.sets_of(arch):
            assert debs(name, arch)


def test_no_source_has_a_licence_with_copyleft() -> None:
    # What is built from source is linked into the interpreter, and given away with it.
    left = {name: CHOICE.sub("", source.licence) for name, source in sources().items()}
    assert {name: licence for name, licence in left.items() if "GPL" in licence} == {}
    assert all(source.licence for source in sources().values())
